use super::terminal::Terminal;
use crate::model::Grouped;

/// Says how many keys a command leaves out because they have a time to live.
pub(super) fn say_left_out(count: usize, terminal: &Terminal) {
    if count > 0 {
        let keys = if count == 1 { "key" } else { "keys" };
        terminal.hint(&format!(
            "note: {} {keys} with a time to live left out; --with-ttl includes them",
            Grouped(count)
        ));
    }
}
