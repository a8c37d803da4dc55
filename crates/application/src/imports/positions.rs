//! The positions that the lines of a file name, each of which may be named once.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};
use stockroom_domain::ImportLine;
use stockroom_domain::{LineContent, LineLocation, LineProblem, LineProduct, StockLine};

/// The positions that lines name, and the lines that name one which another line names.
#[derive(Default)]
pub(super) struct Positions {
    /// The first line of each position, by a digest: a million positions have to fit into memory.
    named: HashMap<[u8; 16], u32>,
    /// The other line, by line.
    twins: HashMap<u32, u32>,
}

impl Positions {
    /// Adds the positions of these lines.
    pub(super) fn add(&mut self, lines: &[ImportLine]) {
        for line in lines {
            let LineContent::Movements(content) = &line.content else {
                continue;
            };
            for position in digests(content) {
                let first = *self.named.entry(position).or_insert(line.number);
                if first != line.number {
                    self.twins.entry(first).or_insert(line.number);
                    self.twins.insert(line.number, first);
                }
            }
        }
    }

    /// The number of lines that name a position which another line names.
    pub(super) fn twins(&self) -> usize {
        self.twins.len()
    }

    /// The lines that name a position which another line names, each with that line.
    pub(super) fn all_twins(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.twins.iter().map(|(line, other)| (*line, *other))
    }

    /// Forgets the positions, but not which lines have twins.
    pub(super) fn close(&mut self) {
        self.named = HashMap::new();
    }

    /// Makes those of these lines fail that have twins.
    pub(super) fn refuse_twins(&self, lines: &mut [ImportLine]) {
        for line in lines {
            if let Some(other) = self.twins.get(&line.number) {
                line.content = LineContent::Failed(problem(*other));
            }
        }
    }
}

/// The problem of a line that names the same position as another.
pub(super) fn problem(other: u32) -> LineProblem {
    LineProblem::Invalid(format!("line {other} is about the same position"))
}

fn digests(line: &StockLine) -> impl Iterator<Item = [u8; 16]> + '_ {
    line.movements.iter().map(|movement| {
        let mut digest = Sha256::new();
        match &line.product {
            LineProduct::Known(id) => digest.update(id.uuid().as_bytes()),
            LineProduct::New(new) => {
                let text = new.sku.as_ref().or(new.external_ref.as_ref());
                let text = text.map_or("", |text| text.as_str());
                digest.update(format!("{:?}/{text}", new.id));
            }
        }
        match &movement.location {
            None => {}
            Some(LineLocation::Known(slug)) => digest.update(format!("/{slug}")),
            Some(LineLocation::New(new)) => digest.update(format!("/{}", new.slug)),
        }
        let digest: [u8; 32] = digest.finalize().into();
        let mut short = [0; 16];
        short.copy_from_slice(&digest[..16]);
        short
    })
}
