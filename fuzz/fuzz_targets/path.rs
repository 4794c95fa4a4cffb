#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| discfg_fuzz::check_path(text));
