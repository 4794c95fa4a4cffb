use super::super::samples::items;
use super::*;

fn rendered(source: &str, prefix: &str) -> Result<String, String> {
    let items = items(&[
        ("/app/on", "json false"),
        ("/app/n", "json 5"),
        ("/app/rate", "json 1.10"),
        ("/db", "text above"),
        ("/db/read-url", "text <a & \"b\">"),
        ("/db/url", "text x"),
        ("/db/cfg", "json {\"a\": 1}"),
        ("/raw", "bytes hunter2"),
        (
            "/set",
            "json {\"host\": \"h\", \"pool\":  {\"max\": 5}, \"rate\": 1.10, \"l\": [true, null, {\"n\": \"x\"}]}",
        ),
    ]);
    let prefix = prefix.parse().expect("a prefix");
    render(source, &items, &prefix).map_err(|error| error.to_string())
}

#[test]
fn keys_are_looked_up_in_three_ways() {
    for (source, prefix, wanted) in [
        ("{{ get(\"/db/url\") }} {{ get('db/url') }}\n", "/", "x x\n"),
        (
            "{{ get('/db/url', 'none') }} {{ get('/db/nosuch', 'none') }}\n",
            "/",
            "x none\n",
        ),
        ("{{ keys['/db/read-url'] }}", "/", "<a & \"b\">"),
        (
            "{{ db.url }} {{ db['read-url'] }} {{ db }}",
            "/",
            "x <a & \"b\"> above",
        ),
        ("{{ url }} {{ get('url') }} {{ get('/db/url') }}", "/db", "x x x"),
        (
            "{{ app.rate }} {{ app.n + 1 }}{% if app.on %}!{% endif %}",
            "/",
            "1.10 6",
        ),
        (
            "{% for key in keys %}{{ key }} {% endfor %}",
            "/",
            "/app/n /app/on /app/rate /db /db/cfg /db/read-url /db/url /raw /set ",
        ),
        (
            "{{ json('/db/read-url') }} {{ json('/db/cfg') }} {{ db.url | json }}",
            "/",
            "\"<a & \\\"b\\\">\" {\"a\": 1} \"x\"",
        ),
        ("{{ db.nope | default('d') }}", "/", "d"),
        (
            "{{ get('/set').host }} {{ set.pool.max + 1 }} {{ keys['/set'].rate }} {{ json('/set') }} {{ set }}",
            "/",
            "h 6 1.10 {\"host\": \"h\", \"pool\":  {\"max\": 5}, \"rate\": 1.10, \"l\": [true, null, {\"n\": \"x\"}]} \
             {\"host\": \"h\", \"pool\":  {\"max\": 5}, \"rate\": 1.10, \"l\": [true, null, {\"n\": \"x\"}]}",
        ),
        (
            "{{ set.pool }} {{ set.l }} {{ set.l[2].n }} {{ set.l | length }} {% if set.l[0] %}!{% endif %}",
            "/",
            "{\"max\":5} [true,null,{\"n\":\"x\"}] x 3 !",
        ),
        (
            "{% for name, value in set.pool | items %}{{ name }}={{ value }}{% endfor %} {% for n in set %}{{ n }} {% endfor %}",
            "/",
            "max=5 host pool rate l ",
        ),
        (
            "{{ set.nope | default('d') }} {{ set | json | length }}",
            "/",
            "d 97",
        ),
    ] {
        assert_eq!(rendered(source, prefix), Ok(wanted.to_owned()), "{source}");
    }
}

#[test]
fn a_template_that_does_too_much_ends() {
    for source in [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(x='xxxxxxxx') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% set ns = namespace(x='xxxxxxxx') %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] | join %}{% endfor %}",
        "{{ 'x' * 999999999999 }}",
        "{{ 'x' * 400000000 }}",
        "{{ 'xxxxxxxx' | replace('x', 'y' * 100000000) }}",
        "{% for i in range(9999) %}{{ 'x' * 100000 }}{% endfor %}",
        "{{ '%999999999d' | format(1) }}",
    ] {
        let problem = rendered(source, "/").map(|text| text.len()).expect_err(source);
        assert!(
            problem.starts_with("invalid template at line 1: "),
            "{source}: {problem}"
        );
    }
    // It is put together before it is charged for; this one ends by itself within a minute.
    let lists = "{% set ns = namespace(x=[1]) %}{% for i in range(22) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}";
    let late = render_within(Duration::from_millis(50), lists, &[], &Prefix::all()).expect_err("late");
    assert!(late.to_string().contains("takes longer than"), "{late}");
    let much = "{% for i in range(50000) %}{{ db.url }}{% endfor %}";
    assert_eq!(rendered(much, "/").map(|text| text.len()), Ok(50_000));
}

/// What the parser calls itself for, once for each of so many.
fn chains(count: usize) -> Vec<String> {
    let of = |link: &str| link.repeat(count);
    vec![
        format!("{{{{ {}1 }}}}", of("-")),
        format!("{{{{ \"}}}}\" {}1 }}}}", of("-")),
        format!("{{{{ '\\'}}}}' ~ {{'a': {{}}}} ~ {}1 }}}}", of("-")),
        format!("{{{{ {}true }}}}", of("not ")),
        format!("{{{{ 1{} }}}}", of("|abs")),
        format!("{{{{ a{} }}}}", of(".b")),
        format!("{{{{ a{} }}}}", of("[0]")),
        format!("{{{{ a{} }}}}", of("()")),
        format!("{{{{ 1{} }}}}", of("+1")),
        format!("{{{{ 1{} }}}}", of("**1")),
        format!("{{{{ 1{} }}}}", of("~1")),
        format!("{{{{ 1{} }}}}", of(" < 1")),
        format!("{{{{ 1{} }}}}", of(" and 1")),
        format!("{{{{ {}1 }}}}", of("1 if 1 else ")),
        format!("{{% if {}1 %}}{{% endif %}}", of("-")),
        format!("{{% set x = {}1 %}}", of("-")),
        format!("{{% filter abs{} %}}{{% endfilter %}}", of("|abs")),
    ]
}

#[test]
fn lists_in_lists_end_within_the_stack() {
    let nest = format!("{}ns.x{}", "[".repeat(50), "]".repeat(50));
    let repeated = |times: usize, last: &str| {
        format!(
            "{{% set ns = namespace(x=[1]) %}}{{% for i in range({times}) %}}{{% set ns.x = {nest} %}}{{% endfor %}}{last}"
        )
    };
    let too_much =
        "invalid template at line 1: rendering exceeds the limit of 700,000 steps or 44 MB of text";
    assert_eq!(rendered(&repeated(90_000, ""), "/"), Err(too_much.into()));
    for last in ["{{ ns.x }}", "{{ ns.x|tojson }}", "{{ ns.x == [1] }}"] {
        let source = repeated(9_000, last);
        if let Err(problem) = rendered(&source, "/") {
            assert_eq!(problem, too_much);
        }
    }
}

#[test]
fn a_chain_is_bounded() {
    for source in chains(30_000) {
        let start: String = source.chars().take(30).collect();
        let wanted = "invalid template at line 2: a tag is longer than 10,000 bytes";
        assert_eq!(
            rendered(&format!("\n{source}"), "/"),
            Err(wanted.into()),
            "{start}"
        );
    }
    // As many as fit in are rendered or refused.
    for (at, source) in chains(1).iter().enumerate() {
        let link = chains(2)[at].len() - source.len();
        let longest = chains((9_990 - source.len()) / link).swap_remove(at);
        if let Err(problem) = rendered(&longest, "/") {
            assert!(!problem.contains("longer"), "{problem}");
        }
    }
    let branches = |count| format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}\n".repeat(count));
    for source in [branches(999), branches(999).repeat(3)] {
        rendered(&source, "/").expect("not too many");
    }
    let wanted = "invalid template at line 1000: an if has more than 1,000 branches";
    assert_eq!(rendered(&branches(30_000), "/"), Err(wanted.into()));
    // What is no tag may be long.
    let long = "x".repeat(30_000);
    let text = format!("{long}{{# {long} #}}{{% raw %}}{{{{ {long} }}}}{{% endraw %}}");
    rendered(&text, "/").expect("only text");
}

#[test]
fn what_can_not_be_rendered_says_what_and_where() {
    for (source, problem) in [
        ("\n{{ nope }}", "nope not found, at line 2"),
        ("{{ db.nope }}", "db.nope not found, at line 1"),
        ("{{ keys['/nope'] }}", "keys['/nope'] not found, at line 1"),
        ("a\nb\n{{ get('/nope') }}", "get('/nope') not found, at line 3"),
        (
            "{{ raw }}",
            "key /raw is bytes, which a template can't show, at line 1",
        ),
        (
            "{{ get('/raw') }}",
            "key /raw is bytes, which a template can't show, at line 1",
        ),
        ("{{ app }}", "app is a prefix, not a key, at line 1"),
        ("{{ db.url | nope }}", "filter nope is unknown, at line 1"),
        (
            "{{ db.url",
            "unexpected end of input, expected end of variable block, at line 1",
        ),
        ("{% include 'x' %}", "unknown statement include, at line 1"),
    ] {
        let (problem, line) = problem.rsplit_once(", at ").expect("a line");
        let wanted = format!("invalid template at {line}: {problem}");
        assert_eq!(rendered(source, "/"), Err(wanted), "{source}");
    }
}

#[test]
fn what_is_no_member_is_named_with_its_key() {
    for (source, name) in [
        ("{{ get('/db/url').host }}", "get('/db/url').host"),
        ("{{ get('/set').pool.nope }}", "get('/set').pool.nope"),
        ("{{ set.l[7] }}", "set.l[7]"),
        ("{{ keys['/set'].host.deeper }}", "keys['/set'].host.deeper"),
    ] {
        let wanted = format!("invalid template at line 1: {name} not found");
        assert_eq!(rendered(source, "/"), Err(wanted), "{source}");
    }
}

#[test]
fn a_value_is_parsed_once_however_often_it_is_read() {
    let many: Vec<String> = (0..11_000).map(|n| format!("\"k{n}\": {n}")).collect();
    let large = format!("json {{{}}}", many.join(", "));
    let deep = format!("json {}{}", "[".repeat(1000), "]".repeat(1000));
    let items = items(&[("/large", &large), ("/deep", &deep)]);
    let render = |source: &str| {
        let rendered = render(source, &items, &Prefix::all());
        rendered.map_err(|error| error.to_string())
    };
    // Parsed each time, this would take gigabytes.
    let kept = "{% set ns = namespace(x=[]) %}{% for i in range(900) %}{% set ns.x = ns.x + [get('/large')] %}{% set a = get('/large').k0 %}{% endfor %}{{ ns.x[899].k10999 }}";
    assert_eq!(render(kept), Ok("10999".into()));
    // Nested too deep to be taken apart.
    assert!(render("{{ deep | length }}").is_err());
    assert_eq!(render("{{ deep }}").map(|text| text.len()), Ok(2000));
}
