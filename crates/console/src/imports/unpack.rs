//! Files that are packed with gzip, as their first bytes show.

use std::io::Write as _;

use flate2::write::MultiGzDecoder;
use stockroom_application::Upload;

use super::incoming::Stop;

/// The bytes with which packed files begin. No text does.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The number of packed bytes that are unpacked at once: they can become a thousand times as many.
const PACKED_BYTES: usize = 4 * 1024;

/// Hands a file on as it comes, unpacked if it is packed.
pub(super) enum Unpacker {
    /// Too little has come to tell.
    Begun(Vec<u8>),
    Plain,
    Packed(Box<MultiGzDecoder<Vec<u8>>>),
}

impl Default for Unpacker {
    fn default() -> Self {
        Self::Begun(Vec::new())
    }
}

impl Unpacker {
    /// Takes the next bytes.
    pub(super) async fn take(&mut self, bytes: &[u8], upload: &mut Upload) -> Result<(), Stop> {
        match self {
            Self::Plain => Ok(upload.push(bytes).await?),
            Self::Packed(decoder) => unpack(decoder, bytes, upload).await,
            Self::Begun(held) => {
                held.extend_from_slice(bytes);
                if held.len() < MAGIC.len() {
                    return Ok(());
                }
                let held = std::mem::take(held);
                if held.starts_with(&MAGIC) {
                    let mut decoder = Box::new(MultiGzDecoder::new(Vec::new()));
                    unpack(&mut decoder, &held, upload).await?;
                    *self = Self::Packed(decoder);
                } else {
                    upload.push(&held).await?;
                    *self = Self::Plain;
                }
                Ok(())
            }
        }
    }

    /// Takes the end.
    pub(super) async fn finish(self, upload: &mut Upload) -> Result<(), Stop> {
        match self {
            Self::Plain => {}
            Self::Begun(held) => upload.push(&held).await?,
            Self::Packed(mut decoder) => {
                decoder.try_finish().map_err(|_| no_gzip())?;
                upload.push(decoder.get_ref()).await?;
            }
        }
        Ok(())
    }
}

async fn unpack(
    decoder: &mut MultiGzDecoder<Vec<u8>>,
    bytes: &[u8],
    upload: &mut Upload,
) -> Result<(), Stop> {
    for packed in bytes.chunks(PACKED_BYTES) {
        decoder.write_all(packed).map_err(|_| no_gzip())?;
        upload.push(decoder.get_ref()).await?;
        decoder.get_mut().clear();
    }
    Ok(())
}

fn no_gzip() -> Stop {
    Stop::unreadable("It begins as a gzip file does, but it is none, or not all of one.".to_owned())
}
