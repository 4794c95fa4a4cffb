//! discfg as the first process of a container, to which the kernel gives no signal without an action of its own.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getuid, kill_process};

use support::cli::Place;

/// The process that another one started.
fn child(of: u32) -> Option<Pid> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_child = |id: &i32| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // Behind the program's name in brackets: the state and the parent.
        let parent = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.split(' ').nth(1));
        parent == Some(&*of.to_string())
    };
    ids.into_iter().find(is_child).and_then(Pid::from_raw)
}

#[test]
fn signals_end_what_waits() {
    let namespace: &[&str] = if getuid().is_root() {
        &["--pid", "--fork", "--kill-child"]
    } else {
        &["--map-root-user", "--pid", "--fork", "--kill-child"]
    };
    let unshare = Path::new("/usr/bin/unshare");
    let place = Place::new();
    let tried = place.under(unshare, namespace, &["version"]).run();
    if tried.exit_code() != Some(0) {
        // No process can be the first of a namespace here.
        return;
    }
    // Takes connections and answers nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        for command in ["watch", "ls"] {
            let args = [command, "--config", "c", "--engine", &url];
            let mut running = place.under(unshare, namespace, &args).start();
            let (mut stream, _) = silent.accept().expect("its connection");
            let _ = std::io::Read::read(&mut stream, &mut [0; 64]);
            let process = child(running.pid()).expect("discfg");
            kill_process(process, signal).expect("it runs");
            let begun = Instant::now();
            while !running.has_ended() {
                assert!(begun.elapsed() < Duration::from_secs(20), "{command} {signal:?}");
                sleep(Duration::from_millis(10));
            }
            running.end().code(code);
        }
    }
}
