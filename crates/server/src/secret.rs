//! Secret settings, which can be read from a file, as is usual for containers.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, ensure};

/// The maximum size of such a file in bytes.
const BYTES_MAX: u64 = 64 * 1024;

/// The value of the option `name`, or else the content of the file that the option `name` with
/// `-file` names. Line breaks at the end of the file are removed.
///
/// # Errors
/// If both are given, or the file can't be read, is empty, or is larger than 64 KiB.
pub(crate) fn secret(
    name: &str,
    value: Option<&str>,
    file: Option<&Path>,
) -> anyhow::Result<Option<String>> {
    ensure!(
        value.is_none() || file.is_none(),
        "--{name} and --{name}-file exclude each other"
    );
    let Some(path) = file else {
        return Ok(value.map(ToOwned::to_owned));
    };
    let failure = || format!("the file {} of --{name}-file can't be read", path.display());
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(BYTES_MAX + 1).read_to_string(&mut text))
        .with_context(failure)?;
    ensure!(
        text.len() as u64 <= BYTES_MAX,
        "the file {} of --{name}-file has more than {BYTES_MAX} bytes",
        path.display()
    );
    let text = text.trim_end_matches(['\r', '\n']);
    ensure!(
        !text.is_empty(),
        "the file {} of --{name}-file is empty",
        path.display()
    );
    Ok(Some(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_file(content: &[u8]) -> anyhow::Result<Option<String>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        secret("key", None, Some(file.path()))
    }

    #[test]
    fn a_secret_is_given_or_in_a_file() {
        assert_eq!(secret("key", None, None).unwrap(), None);
        let given = secret("key", Some("given\n"), None).unwrap();
        assert_eq!(given.as_deref(), Some("given\n"));
        assert_eq!(
            of_file(b" in a file\r\n\n").unwrap().as_deref(),
            Some(" in a file")
        );
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let both = secret("key", Some("given"), Some(Path::new("/nowhere")));
        assert!(
            both.unwrap_err()
                .to_string()
                .contains("--key-file exclude each other")
        );
        let missing = secret("key", None, Some(Path::new("/nowhere")));
        assert!(missing.unwrap_err().to_string().contains("/nowhere"));
        let large = vec![b'x'; 64 * 1024 + 1];
        for content in [&b""[..], b"\n", b"\xff", &large] {
            assert!(of_file(content).is_err());
        }
    }
}
