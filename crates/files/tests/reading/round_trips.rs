//! What is written can be read, and says the same.

use proptest::prelude::*;
use stockroom_domain::{ProductId, ProductText, Quantity, Timestamp, TransactionAction};
use stockroom_files::{
    ExportLocation, ExportRow, FileAction, FileWriter, Format, LineContent, LineMovements,
    Movement, NamedProduct, Profile,
};

use crate::support::split;

#[derive(Debug, Clone)]
struct Row {
    id: u128,
    sku: Option<String>,
    external_ref: Option<String>,
    name: Option<String>,
    location: Option<(String, String)>,
    available: u64,
    allocated: u64,
    found: (bool, bool),
}

impl Row {
    fn id(&self) -> ProductId {
        let hex = format!("{:032x}", self.id);
        let parts = [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ];
        ProductId::parse(&parts.join("-")).unwrap()
    }

    fn total(&self) -> Quantity {
        Quantity::new(self.available + self.allocated).unwrap()
    }

    fn export(&self) -> ExportRow<'_> {
        let location = self.location.as_ref();
        ExportRow {
            product: self.id(),
            sku: self.sku.as_deref(),
            external_ref: self.external_ref.as_deref(),
            name: self.name.as_deref(),
            product_slug: self.name.as_deref(),
            location: location.map(|(slug, label)| ExportLocation { slug, label }),
            available: Quantity::new(self.available).unwrap(),
            allocated: Quantity::new(self.allocated).unwrap(),
            total: self.total(),
            sku_finds_it: self.found.0,
            external_ref_finds_it: self.found.1,
        }
    }

    /// What an import of the row has to say.
    fn expected(&self, profile: Profile) -> LineMovements {
        let text = |text: &String| ProductText::new("text", text.as_str()).unwrap();
        let sku = self.sku.as_ref().filter(|_| self.found.0).map(text);
        let external_ref = self
            .external_ref
            .as_ref()
            .filter(|_| self.found.1)
            .map(text);
        let name = self.name.as_ref().map(text);
        let slug = self.location.as_ref().map(|(slug, _)| slug.clone());
        let label = self.location.as_ref().map(|(_, label)| label.clone());
        let available = (FileAction::SetAvailable, self.export().available);
        let total = (
            FileAction::Transaction(TransactionAction::Set),
            self.total(),
        );
        let mut product = NamedProduct::default();
        let (location, (action, quantity)) = match profile {
            Profile::Stockroom => {
                product = NamedProduct {
                    id: Some(self.id()),
                    sku,
                    external_ref,
                    name,
                    sku_may_be_id: false,
                };
                (slug, total)
            }
            Profile::Policies => unreachable!("no export"),
            Profile::ElasticPath => {
                match (sku, external_ref) {
                    (None, None) => product.id = Some(self.id()),
                    (None, external_ref) => product.external_ref = external_ref,
                    (sku, _) => product.sku = sku,
                }
                (slug, available)
            }
            Profile::Shopify => {
                let sku = sku.filter(|sku| !matches!(sku.as_str().trim(), "" | "-"));
                product.sku = sku.or_else(|| Some(text(&self.id().to_string())));
                product.name = name;
                product.sku_may_be_id = true;
                (label, total)
            }
        };
        LineMovements {
            product,
            movements: vec![Movement {
                location,
                action,
                quantity,
            }],
            reason: None,
            reference: None,
            expect_available: None,
            expect_total: None,
        }
    }
}

/// Texts of what files give a meaning to.
fn nasty() -> impl Strategy<Value = String> {
    let bits = vec![
        ",",
        ";",
        "\t",
        "\"",
        "'",
        "\n",
        "\r",
        "\r\n",
        "=",
        "+",
        "-",
        "@",
        "a",
        "é",
        "漢",
        "😀",
        " ",
        "\u{feff}",
        "\u{2028}",
        "\u{1}",
        "{",
        "}",
        "\\",
        "\\n",
        "not stocked",
        "null",
        "export-end",
    ];
    prop::collection::vec(prop::sample::select(bits), 1..8).prop_map(|bits| bits.concat())
}

fn rows() -> impl Strategy<Value = Row> {
    let text = || prop::option::of(nasty());
    let location = prop::option::of(("[A-Za-z0-9_-]{1,8}", nasty()));
    let texts = (text(), text(), text());
    let pieces = || prop_oneof![0_u64..5, 0..=Quantity::MAX.get() / 2];
    (
        any::<u128>(),
        texts,
        location,
        pieces(),
        pieces(),
        any::<(bool, bool)>(),
    )
        .prop_map(
            |(id, (sku, external_ref, name), location, available, allocated, found)| Row {
                id,
                sku,
                external_ref,
                name,
                location,
                available,
                allocated,
                found,
            },
        )
}

/// The bytes in pieces of sizes that are taken in turn.
fn pieces<'a>(mut bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (piece, rest) = bytes.split_at((*size).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

fn comes_back(
    profile: Profile,
    format: Format,
    rows: &[Row],
    sizes: &[usize],
) -> Result<(), TestCaseError> {
    let mut file = Vec::new();
    let mut writer = FileWriter::new(profile, format).unwrap();
    writer.begin(&mut file);
    for row in rows {
        writer.write(&row.export(), &mut file);
    }
    writer.end(Timestamp::UNIX_EPOCH, &mut file);
    let whole = split(profile, None, pieces(&file, sizes)).unwrap();
    let lines = whole
        .chunks
        .iter()
        .flat_map(|chunk| whole.layout.read(chunk));
    let read: Vec<_> = lines.map(|line| line.read).collect();
    let expected = rows.iter().map(|row| row.expected(profile));
    let expected: Vec<_> = expected
        .map(|line| Ok(LineContent::Movements(line)))
        .collect();
    prop_assert_eq!(read, expected);
    prop_assert_eq!(u64::from(whole.lines), writer.rows());
    Ok(())
}

proptest! {
    #[test]
    fn what_is_exported_can_be_imported(
        rows in prop::collection::vec(rows(), 0..6),
        sizes in prop::collection::vec(1_usize..40, 1..8),
    ) {
        for profile in Profile::ALL {
            for format in profile.formats() {
                comes_back(profile, *format, &rows, &sizes)?;
            }
        }
    }
}
