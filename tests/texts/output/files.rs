//! Commands that write what a file says.

use super::prepared::{prepared, session_at};

#[test]
fn apply() {
    let place = prepared();
    place.write(
        "db.json",
        r#"{"url": "postgres://new", "timeout": 3, "pool": {"size": 10, "ratio": 1.10}}"#,
    );
    place.write("db.env", "URL=postgres://new\nTIMEOUT=3\n");
    place.write("full.yaml", "/db/url: postgres://new\n/mode: production\n");
    place.write("broken.json", "{\"url\": \"postgres://new\",\n  \"url\": 1,}");
    place.write("twice.json", "{\"url\": \"a\", \"url\": \"b\"}");
    place.write("bad-key.json", "{\"/a//b\": 1}");
    place.write("mixed.yaml", "/db/url: a\nurl: b\n");
    session_at(
        &place,
        "apply",
        r"
        # What would change
        discfg apply --prefix db -d db.json --dry-run
        discfg apply --prefix db -d db.json --dry-run --values
        discfg apply --prefix db -d db.json --dry-run -f json
        discfg apply --prefix db -d db.json --dry-run --prune
        discfg apply -d full.yaml --dry-run -f yaml

        # Applied
        discfg apply --prefix db -d db.json
        discfg apply --prefix db -d db.json --yes
        discfg apply --prefix db -d db.json --yes
        discfg apply --prefix db -d db.json --yes --prune -f json
        discfg apply -d full.yaml --yes --batch
        cat db.env | discfg apply --prefix env -d - --from dotenv --yes

        # Only if nothing has changed
        discfg apply --prefix db -d db.json --yes --if-digest sha256:0000000000000000000000000000000000000000000000000000000000000000
        discfg apply --prefix db -d db.json --yes --if-digest 12

        # Bad input
        discfg apply
        discfg apply -d nosuch.json
        discfg apply -d db.unknown
        discfg apply --prefix db -d - --from xml
        discfg apply --prefix db -d broken.json --yes
        discfg apply --prefix db -d twice.json --yes
        discfg apply -d bad-key.json --yes
        discfg apply -d mixed.yaml --yes
        discfg apply --prefix /other -d full.yaml --yes
        echo '[1, 2]' | discfg apply -d - --from json --yes
        echo '' | discfg apply -d - --from json --yes
        printf 'A B=1\n' | discfg apply -d - --from dotenv --yes
        discfg apply nosuch -d full.yaml --yes
        ",
    );
}

#[test]
fn import() {
    let place = prepared();
    place.write("db.json", r#"{"url": "postgres://new", "timeout": 3}"#);
    place.write(
        "consul.json",
        r#"[{"key": "db url", "flags": 0, "value": "eA=="}, {"key": "db/password", "flags": 0, "value": "eA=="}]"#,
    );
    let many: Vec<String> = (0..120).map(|n| format!("\"k{n}\": {n}")).collect();
    place.write("many.json", format!("{{{}}}", many.join(", ")));
    session_at(
        &place,
        "import",
        r#"
        # What would change, and the import
        discfg import --prefix db -d db.json --dry-run
        discfg import --prefix db -d db.json --values
        discfg import --prefix db -d db.json
        discfg import --prefix db -d db.json -f json
        discfg import --prefix spare -d db.json -f yaml
        discfg import --prefix spare2 -d db.json -f raw

        # Each form of a file
        printf 'url: postgres://yaml\n' | discfg import --prefix new -d - --from yaml --values
        printf 'URL="postgres://env"\n' | discfg import --prefix new -d - --from dotenv --values
        printf 'url = "postgres://tf"\n' | discfg import --prefix new -d - --from tfvars --values
        printf 'url=postgres://properties\n' | discfg import --prefix new -d - --from properties --values
        printf 'key,value\nurl,postgres://csv\n' | discfg import --prefix new -d - --from csv --values

        # Names and secrets of another store
        discfg import consul.json --from consul --prefix c --secret-keys '**/password' --dry-run
        discfg import consul.json --from consul --prefix c --secret-keys '**/password' --values
        discfg import consul.json --from consul --prefix c --dry-run -f json

        # More than one commit takes
        discfg import --prefix many -d many.json --dry-run -f raw
        discfg import --prefix many -d many.json
        discfg import --prefix many -d many.json --batch -f raw

        # Bad input, by form
        discfg import -d nosuch.json
        echo '{"a": 1' | discfg import -d - --from json
        printf 'a: [1\n' | discfg import -d - --from yaml
        printf 'a: 1\na: 2\n' | discfg import -d - --from yaml
        printf 'URL="x\n' | discfg import -d - --from dotenv
        printf 'url = var.x\n' | discfg import -d - --from tfvars
        printf 'url\\u00zz=x\n' | discfg import -d - --from properties
        printf 'nosuch\nurl\n' | discfg import -d - --from csv
        printf 'key,value\nurl\n' | discfg import -d - --from csv
        printf 'x' | discfg import -d - --from k8s-secret
        printf 'x' | discfg import -d -
        printf '[]' | discfg import - --from consul
        printf '[{"key":"a b","value":"eA=="},{"key":"a@b","value":"eA=="}]' | discfg import - --from consul
        printf '{"kvs":[{"key":"!"}]}' | discfg import - --from etcd

        # Sources that cannot be read
        discfg import
        discfg import mycfg
        discfg import vault:secret/app
        discfg import consul.json --from consul --secret-keys 'nosuch/*'
        "#,
    );
}
