//! What S3 may answer when code is looked for and put, played by a script.

use aws_config::SdkConfig;
use aws_types::region::Region;
use discfg::aws::Meter;
use discfg::model::ErrorKind;
use discfg::stack::{BucketError, CodeBucket, StoredCode};

use support::account::{Account, keys};
use support::http1::Message;
use support::s3::{
    COMPOSITE, CUT, Line, POISONED, SUSPENDED, ScriptedS3, UNSUMMED, UNVERSIONED, code, zipped,
};

const ACCOUNT: &str = "123456789012";

fn sdk(url: &str) -> SdkConfig {
    Account::sdk(url, &keys("AKIAIOSFODNN7EXAMPLE", "secret"))
}

fn bucket(sdk: &SdkConfig) -> CodeBucket {
    let region = sdk.region().map(Region::as_ref).expect("it is set");
    CodeBucket::new(
        sdk,
        &region.parse().expect("a region"),
        ACCOUNT,
        &Meter::default(),
    )
}

async fn look(lines: &[Line]) -> (Result<StoredCode, BucketError>, Vec<Message>) {
    let s3 = ScriptedS3::play(lines);
    let answer = bucket(&sdk(s3.url())).look(&code("a")).await;
    (answer, s3.finish())
}

async fn upload(lines: &[Line]) -> (Result<String, BucketError>, Vec<Message>) {
    let s3 = ScriptedS3::play(lines);
    let answer = bucket(&sdk(s3.url())).upload(&code("a")).await;
    (answer, s3.finish())
}

#[tokio::test]
async fn every_request_names_the_code_and_whose_the_bucket_must_be() {
    let (_, looks) = look(&[(503, "SlowDown"), CUT, (200, "")]).await;
    let (_, uploads) = upload(&[(500, "InternalError"), (200, "")]).await;
    let path = format!("/discfg-code-{ACCOUNT}-eu-central-1/{}", code("a").key());
    for (requests, method, times) in [(&looks, "HEAD", 3), (&uploads, "PUT", 2)] {
        assert_eq!(requests.len(), times);
        for request in requests {
            assert_eq!(request.start, format!("{method} {path} HTTP/1.1"));
            assert_eq!(request.header("x-amz-expected-bucket-owner"), Some(ACCOUNT));
            let signed = request.header("authorization").expect("it is signed");
            assert!(signed.contains("/eu-central-1/s3/aws4_request"), "{signed}");
            assert!(signed.contains("x-amz-expected-bucket-owner"), "{signed}");
        }
    }
    assert_eq!(looks[0].header("x-amz-checksum-mode"), Some("ENABLED"));
    let request = &uploads[1];
    assert_eq!(request.body, zipped("a"));
    assert_eq!(request.header("content-type"), Some("application/zip"));
    assert_eq!(request.header("if-none-match"), Some("*"));
    let checksum = request.header("x-amz-checksum-sha256").expect("it is there");
    assert_eq!(checksum.len(), 44, "a SHA-256 in Base64: {checksum}");
}

fn there() -> StoredCode {
    StoredCode::There { version: "v1".into() }
}

#[tokio::test]
async fn a_look_tells_what_is_there() {
    let (found, requests) = look(&[(200, "")]).await;
    assert_eq!((found.expect("an answer"), requests.len()), (there(), 1));
    // The answer to a HEAD has no body, so S3 is asked once more for its reason.
    for (code, shelf) in [
        ("NoSuchKey", StoredCode::Missing),
        ("NoSuchBucket", StoredCode::NoBucket),
    ] {
        let (found, requests) = look(&[(404, ""), (404, code)]).await;
        assert_eq!((found.expect("an answer"), requests.len()), (shelf, 2));
        assert!(requests[1].start.starts_with("GET "), "{requests:?}");
        assert_eq!(requests[1].header("range"), Some("bytes=0-0"));
    }
    // Another process may put it there in between.
    let (found, requests) = look(&[(404, ""), (206, ""), (200, "")]).await;
    assert_eq!((found.expect("an answer"), requests.len()), (there(), 3));
    let (found, _) = look(&[(404, ""), (206, ""), POISONED]).await;
    assert!(matches!(found, Err(BucketError::Foreign { .. })), "{found:?}");
}

/// Whoever may write to the bucket can put anything under the name of the code.
#[tokio::test]
async fn an_object_is_the_code_by_its_content_and_not_by_its_name() {
    let bucket = format!("discfg-code-{ACCOUNT}-eu-central-1");
    let key = code("a").key();
    for (line, why) in [
        (POISONED, "its SHA-256 is "),
        (COMPOSITE, "its SHA-256 is "),
        (UNSUMMED, "S3 stores no SHA-256 for it"),
    ] {
        for (found, requests, count) in [
            {
                let (found, requests) = look(&[line]).await;
                (found.map(|_| ()), requests, 1)
            },
            // It was put there after the look.
            {
                let (found, requests) = upload(&[(412, "PreconditionFailed"), line]).await;
                (found.map(|_| ()), requests, 2)
            },
        ] {
            let error = found.expect_err("it is something else");
            assert_eq!(
                (error.kind(), requests.len()),
                (ErrorKind::Invalid, count),
                "{line:?}"
            );
            let told = format!("the object {key} in the bucket {bucket} is not the function's code: {why}");
            assert!(error.to_string().starts_with(&told), "{error}");
        }
    }
}

#[tokio::test]
async fn code_without_a_version_could_be_replaced_and_is_refused() {
    for line in [UNVERSIONED, SUSPENDED] {
        let (found, _) = look(&[line]).await;
        let (put, _) = upload(&[line]).await;
        for error in [found.map(|_| ()), put.map(|_| ())] {
            let error = error.expect_err("it is refused");
            assert!(matches!(error, BucketError::Unversioned { .. }), "{error:?}");
            assert_eq!(error.kind(), ErrorKind::Invalid);
        }
    }
}

#[tokio::test]
async fn a_denial_names_both_that_it_may_be() {
    let bucket = format!("discfg-code-{ACCOUNT}-eu-central-1");
    // An answer may have no body at all.
    for line in [(403, "AccessDenied"), (403, "")] {
        let (refused, requests) = look(&[(403, ""), line]).await;
        let error = refused.expect_err("it is denied");
        assert_eq!((error.kind(), requests.len()), (ErrorKind::Denied, 2));
        assert_eq!(
            error.to_string(),
            format!("access denied: s3:GetObject on the bucket {bucket}, expected in account {ACCOUNT}")
        );
    }
    let (refused, requests) = upload(&[(403, "AccessDenied")]).await;
    let error = refused.expect_err("it is denied");
    assert_eq!((error.kind(), requests.len()), (ErrorKind::Denied, 1));
    assert_eq!(
        error.to_string(),
        format!("access denied: s3:PutObject on the bucket {bucket}, expected in account {ACCOUNT}")
    );
    let BucketError::Denied { source, arn, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(source.message, "It says: AccessDenied & more");
    assert_eq!(arn, format!("arn:aws:s3:::{bucket}"));
}

#[tokio::test]
async fn credentials_that_are_not_taken_are_no_denial_of_the_bucket() {
    for code in [
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "RequestTimeTooSkewed",
    ] {
        let (refused, requests) = look(&[(403, ""), (403, code)]).await;
        let error = refused.expect_err("it is refused");
        assert!(matches!(error, BucketError::Request { .. }), "{error:?}");
        assert_eq!((error.kind(), requests.len()), (ErrorKind::Denied, 2));
    }
}

#[tokio::test]
async fn a_bucket_of_another_region_is_told_as_such() {
    for line in [
        (301, "PermanentRedirect"),
        (301, ""),
        (307, "TemporaryRedirect"),
        (400, "AuthorizationHeaderMalformed"),
        (400, "IllegalLocationConstraintException"),
    ] {
        let (refused, requests) = look(&[(line.0, ""), line]).await;
        let error = refused.expect_err("it is elsewhere");
        assert_eq!(
            (error.kind(), requests.len()),
            (ErrorKind::Invalid, 2),
            "{line:?}"
        );
        assert_eq!(
            error.to_string(),
            format!("the bucket discfg-code-{ACCOUNT}-eu-central-1 is not in eu-central-1")
        );
    }
}

#[tokio::test]
async fn what_passes_is_tried_again_and_what_does_not_pass_ends() {
    for (line, kind) in [
        ((503, "SlowDown"), ErrorKind::Throttled),
        ((503, "ServiceUnavailable"), ErrorKind::Unavailable),
        ((500, "InternalError"), ErrorKind::Unavailable),
        ((502, ""), ErrorKind::Unavailable),
        (CUT, ErrorKind::Unavailable),
    ] {
        let (answer, requests) = look(&[line, line, (404, ""), line, (404, "NoSuchKey")]).await;
        assert_eq!(answer.expect("an answer"), StoredCode::Missing);
        assert_eq!(requests.len(), 5);
        let (refused, requests) = look(&[line; 4]).await;
        let error = refused.expect_err("it doesn't pass");
        // A HEAD tells by its status alone.
        assert_eq!(
            (error.kind(), requests.len()),
            (ErrorKind::Unavailable, 4),
            "{line:?}"
        );
        let (refused, requests) = upload(&[line; 4]).await;
        let error = refused.expect_err("it doesn't pass");
        assert_eq!((error.kind(), requests.len()), (kind, 4), "{line:?}");
    }
    let (refused, requests) = look(&[(400, ""), (400, "InvalidRequest")]).await;
    let error = refused.expect_err("it is wrong");
    assert_eq!((error.kind(), requests.len()), (ErrorKind::Internal, 2));
}

#[tokio::test]
async fn an_upload_whose_answer_was_lost_is_found_to_be_done() {
    let (done, requests) = upload(&[CUT, (412, "PreconditionFailed"), (200, "")]).await;
    assert_eq!(done.expect("it is there"), "v1");
    assert_eq!(requests.len(), 3);
}

#[tokio::test]
async fn an_upload_beside_another_waits_its_turn() {
    let (done, requests) = upload(&[
        (409, "ConditionalRequestConflict"),
        (412, "PreconditionFailed"),
        (200, ""),
    ])
    .await;
    assert_eq!(done.expect("the other one did it"), "v1");
    assert_eq!(requests.len(), 3);
    // One that is gone again is none.
    let (refused, _) = upload(&[(412, "PreconditionFailed"), (404, ""), (404, "NoSuchKey")]).await;
    refused.expect_err("it isn't there");
}

#[tokio::test]
async fn a_bucket_that_was_just_made_may_not_be_known_yet() {
    let (done, requests) = upload(&[(404, "NoSuchBucket"), (200, "")]).await;
    done.expect("it is taken");
    assert_eq!(requests.len(), 2);
    let (refused, _) = upload(&[(404, "NoSuchBucket"); 4]).await;
    let error = refused.expect_err("it isn't there");
    assert_eq!(
        error.to_string(),
        format!("s3:PutObject failed on the bucket discfg-code-{ACCOUNT}-eu-central-1")
    );
}

#[tokio::test]
async fn an_s3_that_is_not_there_is_unavailable() {
    let sdk = sdk("http://127.0.0.1:1");
    let error = bucket(&sdk).look(&code("a")).await.expect_err("nobody listens");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let s3 = ScriptedS3::play(&[]);
    let mut settings = sdk(s3.url()).into_builder();
    settings.set_credentials_provider(None);
    let error = bucket(&settings.build())
        .look(&code("a"))
        .await
        .expect_err("nobody asks");
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(s3.finish().is_empty());
}
