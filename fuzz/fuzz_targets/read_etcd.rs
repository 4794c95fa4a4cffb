#![no_main]

use discfg_fuzz::formats::DumpFormat;
use discfg_fuzz::model::{Prefix, map_foreign};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(values) = DumpFormat::Etcd.read(bytes) {
        let _ = map_foreign(values, &Prefix::all());
    }
});
