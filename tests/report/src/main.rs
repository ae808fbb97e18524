//! The trainer of `networks/grey.toml`.

use cnn_report_tests::grey::{insight, net};

fn main() -> std::process::ExitCode {
    cnn_runtime::trainer::main_with::<net::Grey>(&insight::INSIGHT.with_profile())
}
