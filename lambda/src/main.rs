//! The HTTP front of a config behind API Gateway.

fn main() {}
