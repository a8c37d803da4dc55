//! The result of a verification.

use serde::Serialize;
use stockroom_application::StockVerification;
use stockroom_domain::Difference;
use utoipa::ToSchema;
use uuid::Uuid;

/// What came of verifying a product's stock; the same in both forms.
#[derive(Serialize, ToSchema)]
#[schema(as = StockVerification)]
pub(crate) struct VerificationBody {
    /// The product's id.
    id: Uuid,
    /// Always `stock-verification`.
    r#type: &'static str,
    attributes: VerificationAttributes,
}

#[derive(Serialize, ToSchema)]
struct VerificationAttributes {
    /// The stock that was verified.
    stock_id: Uuid,
    /// How many transactions were.
    entries: u64,
    /// Whether everything is as it should be.
    intact: bool,
    /// The hash of the last transaction. Whoever keeps it can show later that nothing up to that
    /// transaction was rewritten.
    last_hash: Option<String>,
    /// How many differences were found.
    difference_count: u64,
    /// The differences; of more than 1000, the first.
    differences: Vec<DifferenceBody>,
}

/// Something that isn't as it should be.
#[derive(Serialize, ToSchema)]
struct DifferenceBody {
    /// The transaction's place in the stock's history, if it is about a single one.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<i64>,
    /// What is wrong with it, or with the stock.
    problem: String,
}

impl From<StockVerification> for VerificationBody {
    fn from(verification: StockVerification) -> Self {
        let difference = |difference: Difference| DifferenceBody {
            sequence: difference.sequence,
            problem: difference.problem.to_string(),
        };
        Self {
            id: verification.product.uuid(),
            r#type: "stock-verification",
            attributes: VerificationAttributes {
                stock_id: verification.stock.uuid(),
                entries: verification.entries,
                intact: verification.is_intact(),
                last_hash: verification.last_hash.map(Into::into),
                difference_count: verification.differences_total,
                differences: verification
                    .differences
                    .into_iter()
                    .map(difference)
                    .collect(),
            },
        }
    }
}
