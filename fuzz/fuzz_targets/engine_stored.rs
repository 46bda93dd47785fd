#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hefu_engine::fuzzed::stored(bytes));
