//! `status`: shows a closure once, or until it ends.

use crate::api::TenantClosure;
use crate::plugin::arguments::{Format, Status};
use crate::plugin::{Ended, Lines, Look, Trouble, draw, read, words};
use jiff::Timestamp;
use std::io::Write;
use std::time::{Duration, Instant};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// Looks in a row that may fail before watching gives up.
const PATIENCE: u32 = 20;

pub(crate) async fn show(
    asked: &Status,
    client: kube::Client,
    namespace: &str,
    look: Look,
    out: &mut (dyn Write + Send),
) -> Result<Ended, Trouble> {
    let look = Look {
        ascii: look.ascii || asked.ascii,
        ..look
    };
    let closure = read(&client, namespace, &asked.name).await?;
    if !asked.watch {
        out.write_all(print(&closure, asked.output, look)?.as_bytes())?;
        out.flush()?;
        return Ok(words::ended(&closure));
    }
    watch(asked, &client, namespace, look, closure, out).await
}

async fn watch(
    asked: &Status,
    client: &kube::Client,
    namespace: &str,
    look: Look,
    mut closure: TenantClosure,
    out: &mut (dyn Write + Send),
) -> Result<Ended, Trouble> {
    let until = asked
        .timeout
        .map(|s| Instant::now() + Duration::from_secs(s));
    let mut screen = Screen::default();
    let mut failures = 0;
    loop {
        screen.show(&closure, asked.output, look, out)?;
        if words::over(&closure) {
            return Ok(Ended::Done);
        }
        if until.is_some_and(|end| Instant::now() >= end) {
            return Ok(match words::ended(&closure) {
                Ended::Done => Ended::Timeout,
                other => other,
            });
        }
        tokio::time::sleep(PAUSE).await;
        match read(client, namespace, &asked.name).await {
            Ok(read) => {
                closure = read;
                failures = 0;
            }
            Err(Trouble::Cluster(e)) if failures < PATIENCE && !refused(&e) => failures += 1,
            Err(trouble) => return Err(trouble),
        }
    }
}

/// Whether the API server has said no, as against not answering.
fn refused(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if (400..500).contains(&status.code) && status.code != 429)
}

/// What is on the output already.
#[derive(Default)]
struct Screen {
    lines: Lines,
    height: usize,
    last: String,
}

impl Screen {
    fn show(
        &mut self,
        closure: &TenantClosure,
        format: Format,
        look: Look,
        out: &mut (dyn Write + Send),
    ) -> Result<(), Trouble> {
        if format == Format::Table && !look.terminal {
            for line in self.lines.next(closure, Timestamp::now(), look) {
                writeln!(out, "{line}")?;
            }
        } else if format == Format::Table {
            let picture = draw(closure, Timestamp::now(), look);
            if picture != self.last {
                self.redraw(&picture, words::over(closure), out)?;
            }
            self.last = picture;
        } else {
            let text = print(closure, format, look)?;
            if text != self.last {
                out.write_all(text.as_bytes())?;
            }
            self.last = text;
        }
        out.flush()?;
        Ok(())
    }

    /// In place: up to the first line of the picture before, cleared, without wrapping, so that lines can be counted.
    fn redraw(
        &mut self,
        picture: &str,
        last: bool,
        out: &mut (dyn Write + Send),
    ) -> std::io::Result<()> {
        if self.height > 0 {
            write!(out, "\x1b[{}A\x1b[J", self.height)?;
        }
        self.height = picture.lines().count();
        if last {
            write!(out, "{picture}")
        } else {
            write!(out, "\x1b[?7l{picture}\x1b[?7h")
        }
    }
}

/// The closure once, in the format asked for.
fn print(closure: &TenantClosure, format: Format, look: Look) -> Result<String, Trouble> {
    match format {
        Format::Table => Ok(draw(closure, Timestamp::now(), look)),
        Format::Json => serde_json::to_string_pretty(closure)
            .map(|text| text + "\n")
            .map_err(|e| Trouble::Print(e.to_string())),
        Format::Yaml => serde_saphyr::to_string(closure)
            .map(|text| format!("---\n{text}"))
            .map_err(|e| Trouble::Print(e.to_string())),
    }
}
