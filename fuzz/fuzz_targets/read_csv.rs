#![no_main]

use discfg_fuzz::check_format;
use discfg_fuzz::formats::DataFormat;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check_format(DataFormat::Csv, bytes));
