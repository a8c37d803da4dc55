//! Short ways to split and read files, and to say what was read.

use stockroom_domain::Patch;
use stockroom_files::{
    FileAction, FileError, FileLine, Format, Layout, LineContent, LineMovements, LinePolicy,
    NamedProduct, Profile, RawChunk, Splitter,
};

/// What a file was split into.
#[derive(Debug, PartialEq)]
pub(crate) struct Whole {
    pub(crate) chunks: Vec<RawChunk>,
    pub(crate) layout: Layout,
    pub(crate) lines: u32,
}

impl Whole {
    /// What all lines say.
    pub(crate) fn said(&self) -> Vec<String> {
        let lines = self.chunks.iter().flat_map(|chunk| self.layout.read(chunk));
        lines.map(|line| said(&line)).collect()
    }
}

pub(crate) fn split<'a>(
    profile: Profile,
    format: Option<Format>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Whole, FileError> {
    let mut splitter = Splitter::new(profile, format);
    let mut chunks = Vec::new();
    for piece in pieces {
        chunks.extend(splitter.push(piece)?);
    }
    let split = splitter.finish()?;
    chunks.extend(split.last);
    Ok(Whole {
        chunks,
        layout: split.layout,
        lines: split.lines,
    })
}

/// The file, whose format is found out.
pub(crate) fn whole(profile: Profile, file: impl AsRef<[u8]>) -> Whole {
    split(profile, None, [file.as_ref()]).expect("the file can be read")
}

/// What is wrong with the file.
pub(crate) fn error(profile: Profile, file: impl AsRef<[u8]>) -> String {
    let error = split(profile, None, [file.as_ref()]).expect_err("the file can't be read");
    error.to_string()
}

/// What each line of the file says.
pub(crate) fn read(profile: Profile, file: impl AsRef<[u8]>) -> Vec<String> {
    whole(profile, file).said()
}

pub(crate) fn said(line: &FileLine<'_>) -> String {
    let content = match &line.read {
        Err(fault) => format!("fails: {fault}"),
        Ok(LineContent::Skipped) => "skipped".to_owned(),
        Ok(LineContent::Movements(movements)) => described(movements),
        Ok(LineContent::Policy(policy)) => policy_described(policy),
    };
    format!("{}: {content}", line.number)
}

fn named(product: &NamedProduct) -> Vec<String> {
    let mut words = Vec::new();
    let maybe = if product.sku_may_be_id { "?" } else { "" };
    words.extend(product.id.map(|id| format!("id={id}")));
    words.extend(product.sku.as_ref().map(|sku| format!("sku{maybe}={sku}")));
    let external_ref = product.external_ref.as_ref();
    words.extend(external_ref.map(|external_ref| format!("ref={external_ref}")));
    words.extend(product.name.as_ref().map(|name| format!("name={name}")));
    words
}

fn policy_described(line: &LinePolicy) -> String {
    let place = line.location.as_ref();
    let place = place.map_or(String::new(), |location| format!(" at {location:?}"));
    let mut words = vec![named(&line.product).join(", ") + &place];
    if let Patch::Set(pieces) = line.update.safety_stock {
        words.push(format!("safety stock {pieces}"));
    }
    match &line.update.alerts {
        Patch::Keep => {}
        Patch::Clear => words.push("no alerts".to_owned()),
        Patch::Set(alerts) => words.extend(
            alerts
                .iter()
                .map(|alert| format!("low at {} to {}", alert.at, alert.rearm_at)),
        ),
    }
    words.join(", ")
}

fn described(line: &LineMovements) -> String {
    let mut words = named(&line.product);
    for movement in &line.movements {
        let action = match movement.action {
            FileAction::Transaction(action) => action.as_str(),
            FileAction::SetAvailable => "set_available",
        };
        let at = movement.location.as_ref();
        let at = at.map_or(String::new(), |location| format!(" at {location:?}"));
        words.push(format!("{action} {}{at}", movement.quantity));
    }
    words.extend(
        line.reason
            .as_ref()
            .map(|reason| format!("reason={reason:?}", reason = reason.as_str())),
    );
    words.extend(
        line.reference
            .as_ref()
            .map(|reference| format!("reference={reference}")),
    );
    let expected = [
        ("available", line.expect_available),
        ("total", line.expect_total),
    ];
    for (name, quantity) in expected {
        words.extend(quantity.map(|quantity| format!("expects {name} {quantity}")));
    }
    words.join(", ")
}
