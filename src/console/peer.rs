//! Which user is at the other end of a connection within this machine.

use std::fs;
use std::net::{IpAddr, SocketAddr};

/// Whether another user than this process's, and than root, has the socket that connects from there. Only Linux says it, in
/// `proc_net(5)`; elsewhere nobody is suspected. Where this end of the connection is listed and the other isn't as connected, it is
/// somebody else's: its owner may have closed it so that it can't be found.
///
/// A launch link is among the arguments of the program that opens the browser, which every user of the machine can read.
pub(super) fn is_of_other_user(peer: SocketAddr) -> bool {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(fs::read_to_string);
    let tables: Vec<String> = tables.into_iter().flatten().collect();
    is_of_other(rustix::process::geteuid().as_raw(), &tables, peer)
}

fn is_of_other(own: u32, tables: &[String], peer: SocketAddr) -> bool {
    let names = names(peer);
    let rows = tables.iter().flat_map(|table| table.lines().skip(1));
    let rows: Vec<Vec<&str>> = rows.map(|line| line.split_whitespace().collect()).collect();
    let is_peer = |field: Option<&&str>| field.is_some_and(|field| names.iter().any(|name| name == field));
    // Established.
    let other_end = rows
        .iter()
        .find(|row| is_peer(row.get(1)) && row.get(3) == Some(&"01"));
    match other_end.and_then(|row| row.get(7)?.parse::<u32>().ok()) {
        Some(user) => user != own && user != 0,
        None => rows.iter().any(|row| is_peer(row.get(2))),
    }
}

/// How an address is written in a table of sockets: as an IPv4 address, and as one that an IPv6 socket has.
fn names(address: SocketAddr) -> Vec<String> {
    let port = address.port();
    let addresses = match address.ip().to_canonical() {
        IpAddr::V4(address) => {
            let number = u32::from_le_bytes(address.octets());
            vec![
                format!("{number:08X}"),
                format!("0000000000000000FFFF0000{number:08X}"),
            ]
        }
        IpAddr::V6(address) => {
            let octets = address.octets();
            let word = |bytes: &[u8]| {
                format!(
                    "{:08X}",
                    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
                )
            };
            vec![octets.chunks(4).map(word).collect()]
        }
    };
    addresses
        .iter()
        .map(|address| format!("{address}:{port:04X}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:A5C9 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0
   1: 0100007F:C000 0100007F:A5C9 01 00000000:00000000 00:00000000 00000000 65534        0 2 1 0 20 4 30 10 -1
   2: 0000000000000000FFFF00000100007F:C001 0000000000000000FFFF00000100007F:A5C9 01 00000000:00000000 00:00000000 00000000  1001        0 3 1 0 20 4 30 10 -1
   3: 0100007F:C002 0100007F:A5C9 05 00000000:00000000 03:00000000 00000000     0        0 0 3 0
   4: 0100007F:A5C9 0100007F:C002 08 00000000:00000000 00:00000000 00000000  1000        0 4 1 0 20 4 30 10 -1
";

    #[test]
    fn a_socket_belongs_to_the_user_that_the_table_says() {
        let is_other = |own, peer: &str| is_of_other(own, &[TABLE.to_owned()], peer.parse().unwrap());
        assert!(is_other(1000, "127.0.0.1:49152") && !is_other(65534, "127.0.0.1:49152"));
        assert!(is_other(1000, "127.0.0.1:49153") && !is_other(1001, "127.0.0.1:49153"));
        assert!(
            is_other(0, "127.0.0.1:49154"),
            "it is closing, and this end is listed"
        );
        assert!(
            !is_other(1000, "127.0.0.1:1"),
            "the table doesn't list the connection"
        );
        assert!(!is_of_other(1000, &[], "127.0.0.1:49152".parse().unwrap()));
    }

    #[test]
    fn a_connection_of_this_process_is_of_no_other_user() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let peer = client.local_addr().unwrap();
        let (_server, _) = listener.accept().unwrap();
        assert!(!is_of_other_user(peer));
        #[cfg(target_os = "linux")]
        {
            let table = fs::read_to_string("/proc/net/tcp").unwrap();
            let other = rustix::process::geteuid().as_raw() + 1;
            assert!(other == 1 || is_of_other(other, std::slice::from_ref(&table), peer));
            client.shutdown(std::net::Shutdown::Write).unwrap();
            assert!(is_of_other_user(peer), "it was closed so as not to be found");
        }
    }
}
