//! The command `hefu`. Everything is in the library; this prints and ends.

use clap::Parser;
use hefu::cli::Cli;
use hefu::say::Exit;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let (lang, as_json) = (cli.shared.lang(), cli.shared.json);
    let exit = match hefu::run(&cli) {
        Ok(report) => {
            // Who follows has told everything line by line.
            let text = if as_json && report.json.is_null() {
                String::new()
            } else if as_json {
                format!("{:#}\n", report.json)
            } else {
                report.text
            };
            // Who closed the pipe has read enough; the exit code still says how it ended.
            let _ = std::io::stdout().write_all(text.as_bytes());
            report.exit
        }
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "{}", failure.shown(lang, as_json));
            Exit::CouldNotTell
        }
    };
    ExitCode::from(exit.code())
}
