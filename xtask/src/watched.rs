//! Runs commands whose output is both shown and read.

use std::io::{self, BufRead as _, BufReader};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::Context as _;

/// The output of a command that is read; the other one goes directly to the terminal.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Runs the command, shows its output as it comes, and gives each line of `stream` to `on_line`,
/// without colours.
pub(crate) fn run(
    mut command: Command,
    stream: Stream,
    mut on_line: impl FnMut(&str),
) -> anyhow::Result<ExitStatus> {
    let program = command.get_program().to_string_lossy().into_owned();
    match stream {
        Stream::Stdout => command.stdout(Stdio::piped()),
        Stream::Stderr => command.stderr(Stdio::piped()),
    };
    let mut child = command.spawn().with_context(|| program.clone())?;
    match stream {
        Stream::Stdout => pass_on(child.stdout.take(), io::stdout(), &mut on_line)?,
        Stream::Stderr => pass_on(child.stderr.take(), io::stderr(), &mut on_line)?,
    }
    child.wait().context(program)
}

fn pass_on(
    from: Option<impl io::Read>,
    mut to: impl io::Write,
    on_line: &mut impl FnMut(&str),
) -> io::Result<()> {
    let Some(from) = from else { return Ok(()) };
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        to.flush()?;
        on_line(&without_colours(&String::from_utf8_lossy(&line)));
        line.clear();
    }
    Ok(())
}

/// The text without the escape sequences that set colours: `ESC [ … m`.
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = escape.split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_taken_out() {
        assert_eq!(
            without_colours("\u{1b}[32;1m Summary\u{1b}[0m 2 tests"),
            " Summary 2 tests"
        );
        assert_eq!(without_colours("plain [1m] text"), "plain [1m] text");
    }
}
