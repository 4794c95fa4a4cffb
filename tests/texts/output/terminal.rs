//! What is seen on a terminal of 80 columns: lines that are broken, questions, answers, colours.

use super::prepared::prepared;
use support::cli::Place;
use support::transcript::Transcript;

#[test]
fn questions() {
    let place = prepared();
    let mut session = Transcript::of(&place);
    let sure = "[y/N] ";
    session
        .about("# A yes, and each thing that is none")
        .on_terminal("discfg copy /db /spare", &[(sure, "y")])
        .on_terminal("discfg delete -r spare", &[(sure, "n")])
        .on_terminal("discfg delete -r spare", &[(sure, "")])
        .on_terminal("discfg delete -r spare", &[(sure, "YES")])
        .on_terminal("discfg rollback --prefix db --to 1", &[(sure, "no")])
        .about("# A secret is asked for")
        .on_terminal("discfg set db/password --secret", &[("Secret value", "hunter3")])
        .about("# The end of input, Ctrl-D, is no answer")
        .on_terminal("discfg set db/password --secret", &[("Secret value", "\u{4}")])
        .about("# A config's name is asked for")
        .on_terminal("discfg destroy mycfg --delete-data", &[("> ", "mycfgs")])
        .on_terminal("discfg destroy mycfg --delete-data", &[("> ", "mycfg")])
        .keep("output", "terminal-questions");
}

#[test]
fn long_lines() {
    let place = prepared();
    let mut session = Transcript::of(&place);
    session
        .about("# Lines beside the result are broken between words, but for what is between backticks")
        .on_terminal("discfg get nosuch", &[])
        .on_terminal("discfg touch mode", &[])
        .on_terminal("discfg set mode test --if-absent", &[])
        .on_terminal("discfg exec --prefix services --with-ttl --env NODE_OPTIONS=/mode -- true", &[])
        .on_terminal("printf '{}' | discfg apply --prefix db --if-digest sha256:0000000000000000000000000000000000000000000000000000000000000000 -d - --from json", &[])
        .on_terminal("discfg watch --after 1 --once", &[])
        .on_terminal("discfg get mode -f dotenv", &[])
        .about("# Results, too")
        .on_terminal("discfg info", &[])
        .keep("output", "terminal-lines");
}

#[test]
fn screens() {
    let place = prepared();
    let mut session = Transcript::of(&place);
    session
        .about("# Tables, with times that are relative")
        .on_terminal("discfg ls -l", &[])
        .on_terminal("discfg ls -rl --values", &[])
        .on_terminal("discfg ls -l db --time iso", &[])
        .on_terminal("discfg history mode", &[])
        .on_terminal("discfg history mode --values --color never", &[])
        .on_terminal("discfg info", &[])
        .on_terminal("discfg touch services/web/1", &[])
        .about("# Colors, and what follows a diff")
        .on_terminal("discfg diff /db /app", &[])
        .on_terminal("discfg diff /db /db", &[])
        .on_terminal("NO_COLOR=1 discfg diff /db /app", &[])
        .on_terminal("TERM=dumb discfg diff /db /app", &[])
        .on_terminal("discfg copy /db /app --dry-run", &[])
        .on_terminal("discfg copy /db /app --yes", &[])
        .about("# JSON has a line for each member, but in a pipe and where JSON is asked for")
        .on_terminal("discfg get db/pool", &[])
        .on_terminal("discfg get db/pool | cat", &[])
        .on_terminal("discfg get db/pool -f raw", &[])
        .on_terminal("discfg get db/pool -f json", &[])
        .keep("output", "terminal-screens");
}

#[test]
fn without_credentials() {
    let place = Place::new();
    let mut session = Transcript::of(&place);
    session
        .on_terminal("discfg get payments mode", &[])
        .on_terminal("discfg status payments --region eu-central-1", &[])
        .keep("output", "terminal-credentials");
}
