//! Commands that make, choose and look over configs, and those that need none.

use super::prepared::{prepared, session, session_at};
use support::cli::Place;

#[test]
fn init_local() {
    session_at(
        &Place::new(),
        "init-local",
        r"
        # A first config, made and chosen for the folder
        discfg init payments --local
        cat .discfg
        discfg init payments --local
        discfg init payments

        # A second one, in each format
        discfg init orders --local
        discfg init orders --local -f json
        discfg init third --local -f json
        discfg init fourth --local -f yaml
        discfg init fifth --local -f raw
        discfg init sixth --local -f silent
        discfg init seventh --local -q

        # Bad input
        discfg init
        discfg init Payments --local
        discfg init payments--x --local
        discfg init a-name-that-is-longer-than-a-config-may-be-called-since-a-stack-has-to-bear-it --local
        discfg init payments --local --reader arn:aws:iam::123456789012:role/app
        discfg init payments --local --dry-run
        discfg init payments orders
        DISCFG_DATA_DIR=/dev/null discfg init payments --local
        ",
    );
}

#[test]
fn r#use() {
    session_at(
        &Place::new(),
        "use",
        r#"
        # A config on AWS
        discfg use payments
        cat .discfg
        discfg use payments --region eu-central-1 --profile dev --as read
        cat .discfg
        discfg use payments -f json
        discfg use payments -f yaml
        discfg use payments -f raw

        # An embedded one, and one behind an API
        discfg use payments --local
        discfg use payments --engine https://config.example.com
        printf 'secret-token\n' | discfg use payments --engine https://config.example.com --token-file -
        discfg use payments --engine https://config.example.com --sign --region eu-central-1
        discfg use payments --engine https://abcdef1234.execute-api.eu-central-1.amazonaws.com
        cat .discfg

        # Trust
        discfg use --trust
        echo 'config = 1' > .discfg; discfg which
        printf 'config = "payments"\nnosuch = 1\n' > .discfg; discfg which
        printf 'config = "payments"\nprofile = "prod"\n' > .discfg; discfg which
        discfg use --trust
        discfg use --trust -f json
        rm .discfg; discfg use --trust

        # Bad input
        discfg use
        discfg use Payments
        discfg use payments --engine nosuch
        discfg use payments --engine http://config.example.com
        discfg use payments --token-file nosuch
        discfg use payments --engine https://config.example.com --token-file nosuch
        discfg use payments --region 'no where'
        discfg use payments --trust
        "#,
    );
}

#[test]
fn status() {
    session(
        "status-local",
        r"
        discfg status
        discfg status -f json
        discfg status -f yaml
        discfg status -f raw
        discfg status nosuch
        discfg status --drift
        ",
    );
}

#[test]
fn doctor() {
    session(
        "doctor-local",
        r"
        discfg doctor
        discfg doctor -f json
        discfg doctor -f yaml
        discfg doctor -f raw
        discfg doctor nosuch

        # A key that others may read, and none
        chmod 644 ../home/data/discfg/mycfg.key; discfg doctor
        rm ../home/data/discfg/mycfg.key; discfg doctor
        discfg get db/password
        discfg set db/password hunter3
        rm -f ../home/data/discfg/mycfg.db-*; echo broken > ../home/data/discfg/mycfg.db; discfg doctor
        discfg get mode

        # Without a config
        rm .discfg; discfg doctor --local
        discfg doctor
        ",
    );
}

#[test]
fn configs() {
    session(
        "configs-local",
        r"
        discfg configs --local
        discfg init other --local -q
        discfg configs --local
        discfg configs --local -f json
        discfg configs --local -f yaml
        discfg configs --local -f raw
        rm ../home/data/discfg/*; discfg configs --local
        discfg configs --engine https://config.example.com
        ",
    );
}

#[test]
fn destroy() {
    session(
        "destroy-local",
        r"
        # Nothing but the data is there to destroy
        discfg destroy mycfg
        discfg destroy --delete-data
        discfg destroy mycfg --delete-data
        discfg destroy mycfg --delete-data --dry-run
        discfg destroy mycfg --delete-data --dry-run -f json
        discfg destroy mycfg --delete-data --yes
        discfg destroy mycfg --delete-data --yes
        discfg init other --local
        discfg destroy other --local --delete-data --yes -f json
        discfg destroy nosuch --local --delete-data --yes -f json
        ",
    );
}

#[test]
fn commands_that_need_no_config() {
    session_at(
        &Place::new(),
        "needing-no-config",
        r"
        # The version
        discfg version
        discfg version -f json
        discfg version -f yaml
        discfg version -f raw
        discfg --version
        discfg get -V

        # Completions
        discfg completions bash | head -n 12
        discfg completions zsh | head -n 6
        discfg completions fish | head -n 6
        discfg completions elvish | head -n 6
        discfg completions powershell | head -n 6
        discfg completions tcsh
        discfg completions

        # Manual pages
        discfg man | head -n 20
        discfg man set | head -n 20
        discfg man nosuch

        # Calls that can't be understood
        discfg
        discfg nosuch
        discfg gte mode
        discfg help nosuch
        discfg --nosuch
        discfg get mode --formt json

        # Without a config, a region, credentials
        discfg get mode
        discfg get payments mode
        discfg get payments mode --region eu-central-1
        discfg status payments --region eu-central-1
        discfg configs
        discfg template | head -n 12
        discfg template --parameters
        discfg template -c payments --parameters
        discfg template -c payments --parameters=deploy
        ",
    );
}

/// What an error looks like where colors are shown.
#[test]
fn color() {
    let place = prepared().env("CLICOLOR_FORCE", "1");
    session_at(
        &place,
        "color",
        r"
        # What commands say themselves
        discfg get nosuch
        discfg ls -l db
        discfg diff /db /app
        discfg doctor nosuch

        # What is said of calls that can't be understood, and help
        discfg gte mode
        discfg get
        discfg touch -h | head -n 12

        # Variables that contradict each other, and the flag
        NO_COLOR=1 discfg get nosuch
        NO_COLOR=1 discfg get
        NO_COLOR=1 discfg get nosuch --color=always
        discfg get nosuch --color never
        discfg get --color never
        ",
    );
}
