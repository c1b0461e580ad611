//! What `benches/peers/run` measures with: `bare` is the least that putting files can cost, `proxy` counts the requests of
//! any client and makes a server far away.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "it measures the network without the store"
)]
#![expect(clippy::print_stdout, reason = "a program of its own")]

use std::process::ExitCode;

mod bare;
mod proxy;

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "peers bare ENDPOINT/BUCKET/PREFIX DIR | peers proxy HOST:PORT MILLISECONDS";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome: Outcome = match words[..] {
        ["bare", target, directory] => bare::put_all(target, directory).await,
        ["proxy", upstream, delay] => proxy::serve(upstream, delay).await,
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
