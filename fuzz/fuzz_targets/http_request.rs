#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| discfg_fuzz::http::check_request(bytes));
