use super::super::Failure;
use super::book::{Book, Variants, variants};
use super::{denied, failed, is, no_file, not_allowed, of_each_fault};
use crate::aws::{Failed, Fault};
use crate::stack::{BucketError, CodeError, UnfitProgram};

variants!(CodeError: NotShipped Lost Unreadable NoZip TooLarge NoProgram InvalidProgram);
variants!(UnfitProgram: Encrypted Compression Link Mode Format Machine);
variants!(BucketError: Denied Elsewhere Foreign Unversioned Request);

const BUCKET: &str = "discfg-code-111122223333-eu-central-1";

fn unfit(unfit: UnfitProgram) -> CodeError {
    CodeError::InvalidProgram {
        path: "discfg-lambda.zip".into(),
        unfit,
    }
}

#[test]
fn of_code() {
    let path = || "discfg-lambda.zip".into();
    let places = [
        "/usr/local/bin/discfg-lambda.zip",
        "/usr/local/share/discfg/discfg-lambda.zip",
        "/usr/local/lib/discfg/discfg-lambda.zip",
    ];
    let no_zip = rawzip::ZipArchive::from_slice(b"a text").expect_err("it is no zip file");
    let errors = [
        ("", CodeError::NotShipped(places.map(Into::into).into())),
        ("", CodeError::Lost(no_file())),
        (
            "",
            CodeError::Unreadable {
                path: path(),
                source: not_allowed(),
            },
        ),
        (
            "",
            CodeError::NoZip {
                path: path(),
                source: no_zip.into(),
            },
        ),
        (
            "",
            CodeError::TooLarge {
                path: path(),
                size: 262_144_001,
            },
        ),
        (
            "nowhere",
            CodeError::NoProgram {
                path: path(),
                found: None,
            },
        ),
        (
            "in a folder",
            CodeError::NoProgram {
                path: path(),
                found: Some("discfg-lambda/bootstrap".into()),
            },
        ),
        ("", unfit(UnfitProgram::Link)),
    ];
    Book::errors("code_error", Failure::from, errors);
}

#[test]
fn of_a_program() {
    let programs = [
        UnfitProgram::Encrypted,
        UnfitProgram::Compression("zstd".into()),
        UnfitProgram::Link,
        UnfitProgram::Mode(0o644),
        UnfitProgram::Format("a program for macOS"),
        UnfitProgram::Machine("RISC-V".into()),
    ];
    Book::errors(
        "unfit",
        |program| unfit(program).into(),
        programs.map(|program| ("", program)),
    );
}

#[test]
fn of_a_bucket() {
    let arn = format!("arn:aws:s3:::{BUCKET}");
    let denied_by = |action, source| BucketError::Denied {
        action,
        bucket: BUCKET.into(),
        arn: arn.clone(),
        account: "111122223333".into(),
        source: Box::new(source),
    };
    let deny = "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: s3:PutObject on resource: \
        \"arn:aws:s3:::discfg-code-111122223333-eu-central-1/code.zip\" with an explicit deny in a service control policy";
    let moved = "The bucket you are attempting to access must be addressed using the specified endpoint.";
    let mut errors = vec![
        (
            "of a look",
            denied_by("s3:GetObject", denied("s3:GetObject", &arn)),
        ),
        (
            "of an upload",
            denied_by("s3:PutObject", denied("s3:PutObject", &arn)),
        ),
        (
            "by an explicit deny",
            denied_by("s3:PutObject", failed(Fault::Denied, Some("AccessDenied"), deny)),
        ),
        (
            "",
            BucketError::Elsewhere {
                bucket: BUCKET.into(),
                region: is("eu-central-1"),
                source: failed(Fault::Refused, Some("PermanentRedirect"), moved),
            },
        ),
    ];
    let key = || "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.zip".to_owned();
    for (note, found) in [
        (
            "other content",
            Some("LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=".into()),
        ),
        ("no checksum", None),
    ] {
        let foreign = BucketError::Foreign {
            bucket: BUCKET.into(),
            key: key(),
            found,
        };
        errors.push((note, foreign));
    }
    let unversioned = BucketError::Unversioned {
        bucket: BUCKET.into(),
        key: key(),
    };
    errors.push(("", unversioned));
    let request = |source: Failed| BucketError::Request {
        action: "s3:PutObject",
        bucket: BUCKET.into(),
        source,
    };
    // S3's denials are told apart before.
    let requests = of_each_fault("s3:PutObject", &arn).into_iter().skip(1);
    errors.extend(requests.map(|(note, failed)| (note, request(failed))));
    Book::errors("bucket_error", Failure::from, errors);
}
