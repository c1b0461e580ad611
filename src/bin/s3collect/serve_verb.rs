//! `serve`: the embedded endpoint over a directory, until it is interrupted.

use std::io;

use s3collect::error::{Exit, Problem};
use s3collect::local::{Credentials, Options, Server};

use crate::args::Serve;
use crate::interrupt;
use crate::output::Printer;

/// The bucket that `push --local` uses where none is named; made so that there is one to begin with.
const BUCKET: &str = "local";

/// Serves until Ctrl-C.
pub(crate) fn run(serve: &Serve, printer: &Printer) -> io::Result<Exit> {
    let runtime = crate::runtime()?;
    runtime.block_on(async {
        let credentials = Credentials::default();
        let options = Options {
            port: serve.port.unwrap_or(0),
            create_buckets: vec![BUCKET.to_owned()],
            anonymous_read: true,
            credentials: credentials.clone(),
            ..Options::new(&serve.local)
        };
        let server = match Server::start(options).await {
            Ok(server) => server,
            Err(error) => return printer.failed(&[Problem::from(error)], false),
        };
        let url = server.endpoint_url();
        printer.data(&format!(
            "{url}\n\
             access key  {}\nsecret key  {}\nregion      us-east-1 (any will do)\nbucket      {BUCKET}\n",
            credentials.access_key, credentials.secret_key
        ))?;
        printer.line(&format!("open {url}/ in a browser to see objects, headers and releases; Ctrl-C ends"));
        interrupt::signal().await;
        server.stop().await;
        Ok(Exit::Done)
    })
}
