//! Which user is at the other end of a connection within this machine.

use std::fs;
use std::net::{IpAddr, SocketAddr};

/// Whether another user than this process's, and than root, has the socket that connects from there. Only Linux says it, in
/// `proc_net(5)`; elsewhere, and where the socket isn't found, nobody is suspected.
///
/// A launch link is among the arguments of the program that opens the browser, which every user of the machine can read.
pub(super) fn is_of_other_user(peer: SocketAddr) -> bool {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let user = tables
        .iter()
        .find_map(|table| user_in(&fs::read_to_string(table).ok()?, peer));
    let own = rustix::process::geteuid().as_raw();
    user.is_some_and(|user| user != own && user != 0)
}

/// The user of the socket with that local address in a table of sockets.
fn user_in(table: &str, local: SocketAddr) -> Option<u32> {
    let addresses = match local.ip().to_canonical() {
        IpAddr::V4(address) => {
            let number = u32::from_le_bytes(address.octets());
            // As an IPv4 address, and as one that an IPv6 socket has.
            vec![
                format!("{number:08X}"),
                format!("0000000000000000FFFF0000{number:08X}"),
            ]
        }
        IpAddr::V6(address) => {
            let words = address.octets();
            let word = |bytes: &[u8]| {
                format!(
                    "{:08X}",
                    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
                )
            };
            vec![words.chunks(4).map(word).collect()]
        }
    };
    let port = local.port();
    let names: Vec<String> = addresses
        .iter()
        .map(|address| format!("{address}:{port:04X}"))
        .collect();
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_it = names.iter().any(|name| Some(&name.as_str()) == fields.get(1));
        // Established: what is closing belongs to nobody any more.
        (is_it && fields.get(3) == Some(&"01")).then(|| fields.get(7)?.parse().ok())?
    })
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
   3: 0100007F:C002 0100007F:A5C9 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0
";

    #[test]
    fn a_socket_belongs_to_the_user_that_the_table_says() {
        let user = |peer: &str| user_in(TABLE, peer.parse().unwrap());
        assert_eq!(user("127.0.0.1:49152"), Some(65534));
        assert_eq!(user("127.0.0.1:49153"), Some(1001));
        assert_eq!(user("127.0.0.1:49154"), None, "it is closing");
        assert_eq!(user("127.0.0.1:1"), None);
        assert_eq!(user("[::1]:49152"), None);
    }

    #[test]
    fn a_connection_of_this_process_is_of_no_other_user() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(!is_of_other_user(client.local_addr().unwrap()));
        #[cfg(target_os = "linux")]
        {
            let table = fs::read_to_string("/proc/net/tcp").unwrap();
            let own = rustix::process::geteuid().as_raw();
            assert_eq!(user_in(&table, client.local_addr().unwrap()), Some(own));
        }
    }
}
