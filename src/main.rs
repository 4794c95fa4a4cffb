//! The command line of discfg.

fn main() {}
