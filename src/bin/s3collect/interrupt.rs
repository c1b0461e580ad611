//! Ctrl-C, SIGTERM and a terminal that goes away: the first asks the run to end cleanly, a second Ctrl-C or SIGTERM ends it.

use std::sync::Arc;

use s3collect::error::Exit;
use tokio_util::sync::CancellationToken;

use crate::output::Printer;

/// Cancels on the first signal and exits on the second. Wants a runtime.
pub(crate) fn watch(cancel: CancellationToken, printer: Arc<Printer>, waiting: &'static str) {
    tokio::spawn(async move {
        signal().await;
        printer.line(&format!("interrupted: waiting for {waiting}; once more to end at once"));
        cancel.cancel();
        // A terminal that goes away says so more than once: its shell does, too.
        asked().await;
        at_once();
    });
}

#[expect(clippy::exit, reason = "whoever interrupts twice does not want to wait for anything")]
#[expect(clippy::disallowed_methods, reason = "the same")]
fn at_once() {
    std::process::exit(i32::from(Exit::Interrupted.code()));
}

/// Waits for the first signal to end; for ever where none can be listened for.
pub(crate) async fn signal() {
    tokio::select! {
        () = asked() => {}
        () = hung_up() => {}
    }
}

/// Waits for Ctrl-C or SIGTERM.
async fn asked() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupt => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    told(tokio::signal::unix::SignalKind::terminate()).await;
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}

/// Waits for SIGHUP, unless whoever started this wants it ignored (`nohup`): to listen would undo that. Where that cannot be
/// found out, nobody listens.
#[cfg(target_os = "linux")]
async fn hung_up() {
    #[expect(
        clippy::disallowed_methods,
        reason = "what the kernel says of this process, not a file of anybody's"
    )]
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if ignores_hangup(&status) == Some(false) {
        told(tokio::signal::unix::SignalKind::hangup()).await;
    } else {
        std::future::pending().await
    }
}

#[cfg(not(target_os = "linux"))]
async fn hung_up() {
    std::future::pending().await
}

/// Whether `SigIgn` of `/proc/self/status` has its first bit, which is that of SIGHUP.
#[cfg(target_os = "linux")]
fn ignores_hangup(status: &str) -> Option<bool> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    Some(u64::from_str_radix(mask.trim(), 16).ok()? & 1 == 1)
}

#[cfg(unix)]
async fn told(kind: tokio::signal::unix::SignalKind) {
    match tokio::signal::unix::signal(kind) {
        Ok(mut signals) => _ = signals.recv().await,
        Err(_) => std::future::pending().await,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_first_bit_is_that_of_sighup() {
        let status = |mask| ignores_hangup(&format!("Name:\tx\nSigIgn:\t{mask}\nSigCgt:\t0\n"));
        assert_eq!(status("0000000000001000"), Some(false));
        assert_eq!(status("0000000000001001"), Some(true));
        assert_eq!(ignores_hangup("Name:\tx\n"), None);
    }
}
