#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| onhand::fuzz::body(data));
