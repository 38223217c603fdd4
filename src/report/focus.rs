//! The FinOps Foundation's FOCUS: what finance imports beside the bills of clouds.
//!
//! The columns are all that the Cost and Usage dataset must have in versions 1.0 to 1.4, and those
//! of the others that Egret can fill. What FOCUS has no column for goes into `Tags` and into columns
//! of our own, which it wants named `x_…`, behind its own. Nothing is a null: no value between the
//! commas. <https://focus.finops.org/focus-specification/>

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

use super::csv::Line;
use super::{Row, Statement};
use crate::budget::Column;

/// What a row of the statement is in FOCUS.
struct Charge<'a> {
    gateway: &'a str,
    row: &'a Row,
    day: Date,
}

/// A column's value: a word or number of ours, or a text that somebody chose.
enum Value {
    Null,
    Own(String),
    Text(String),
}

use Value::{Null, Own, Text};

type Fill = fn(&Charge<'_>) -> Value;

/// In alphabetical order, as FOCUS has them; then ours.
const COLUMNS: [(&str, Fill); 41] = [
    ("BilledCost", |it| it.cost()),
    ("BillingAccountId", |it| Text(it.gateway.to_owned())),
    ("BillingAccountName", |it| Text(it.gateway.to_owned())),
    ("BillingCurrency", |_| own("USD")),
    ("BillingPeriodEnd", |it| time(it.day.last_of_month().saturating_add(1.day()))),
    ("BillingPeriodStart", |it| time(it.day.first_of_month())),
    ("ChargeCategory", |_| own("Usage")),
    ("ChargeClass", |_| Null),
    ("ChargeDescription", |it| it.description()),
    ("ChargeFrequency", |_| own("Usage-Based")),
    ("ChargePeriodEnd", |it| time(it.day.saturating_add(1.day()))),
    ("ChargePeriodStart", |it| time(it.day)),
    ("ConsumedQuantity", |it| it.tokens()),
    ("ConsumedUnit", |_| own("Tokens")),
    ("ContractedCost", |it| it.cost()),
    ("EffectiveCost", |it| it.cost()),
    ("HostProviderName", |it| it.provider()),
    ("InvoiceIssuerName", |it| it.provider()),
    ("ListCost", |it| it.cost()),
    ("PricingCategory", |_| own("Standard")),
    ("PricingQuantity", |it| it.tokens()),
    ("PricingUnit", |_| own("Tokens")),
    // Deprecated by 1.3 for ServiceProviderName and HostProviderName; 1.0 to 1.2 must have both.
    ("ProviderName", |it| it.provider()),
    ("PublisherName", |it| it.provider()),
    ("ResourceId", |it| it.text(Column::Model)),
    ("ResourceName", |it| it.text(Column::Model)),
    ("ResourceType", |_| own("Model")),
    ("ServiceCategory", |_| own("AI and Machine Learning")),
    ("ServiceName", |it| it.text(Column::Provider)),
    ("ServiceProviderName", |it| it.provider()),
    ("ServiceSubcategory", |_| own("Generative AI")),
    ("SkuId", |it| it.text(Column::Model)),
    ("SkuPriceId", |it| it.text(Column::Model)),
    ("SubAccountId", |it| it.text(Column::Caller)),
    ("SubAccountName", |it| it.text(Column::Caller)),
    ("Tags", |it| it.tags()),
    ("x_CachedInputTokens", |it| number(it.row.spend().cached_tokens)),
    ("x_EstimatedCost", |it| Own(it.row.spend().estimated().decimal())),
    ("x_InputTokens", |it| number(it.row.spend().input_tokens)),
    ("x_OutputTokens", |it| number(it.row.spend().output_tokens)),
    ("x_Requests", |it| number(it.row.spend().requests)),
];

/// Who it is charged to, beyond the sub-account. A provider's tags need a prefix of its own.
#[derive(Serialize)]
struct Tags<'a> {
    #[serde(rename = "egret/backend", skip_serializing_if = "str::is_empty")]
    backend: &'a str,
    #[serde(rename = "egret/group", skip_serializing_if = "str::is_empty")]
    group: &'a str,
    #[serde(rename = "egret/namespace", skip_serializing_if = "str::is_empty")]
    namespace: &'a str,
    #[serde(rename = "egret/route", skip_serializing_if = "str::is_empty")]
    route: &'a str,
    #[serde(rename = "egret/service_account", skip_serializing_if = "str::is_empty")]
    service_account: &'a str,
}

impl Charge<'_> {
    fn cost(&self) -> Value {
        Own(self.row.spend().cost().decimal())
    }

    fn tokens(&self) -> Value {
        let spend = self.row.spend();
        let tokens = spend.input_tokens.saturating_add(spend.output_tokens);
        // Readers that guess a column's type from its values must find a decimal.
        Own(format!("{tokens}.0"))
    }

    fn description(&self) -> Value {
        let (requests, model) = (self.row.spend().requests, self.row.of(Column::Model));
        let provider = self.row.of(Column::Provider);
        Own(format!("{requests} calls of {model} at {provider}"))
    }

    fn provider(&self) -> Value {
        self.text(Column::Provider)
    }

    /// What must not be null is `unknown` where it is not known.
    fn text(&self, column: Column) -> Value {
        match self.row.of(column) {
            "" => own("unknown"),
            text => Text(text.to_owned()),
        }
    }

    fn tags(&self) -> Value {
        let tags = Tags {
            backend: self.row.of(Column::Backend),
            group: self.row.of(Column::Group),
            namespace: self.row.of(Column::Namespace),
            route: self.row.of(Column::Route),
            service_account: self.row.of(Column::ServiceAccount),
        };
        serde_json::to_string(&tags).map_or(Null, Own)
    }
}

fn own(word: &str) -> Value {
    Own(word.to_owned())
}

fn number(number: u64) -> Value {
    Own(number.to_string())
}

fn time(day: Date) -> Value {
    Own(format!("{day}T00:00:00Z"))
}

/// A header and a charge for each row, which must tell every column apart.
pub(super) fn statement(statement: &Statement) -> Result<String, String> {
    let mut out = String::new();
    let mut header = Line::default();
    COLUMNS.iter().for_each(|(name, _)| header.raw(name));
    header.end(&mut out);
    for row in &statement.rows {
        let day = row.of(Column::Day);
        let day = day.parse().map_err(|_| format!("`{day}` is not a day: is this an Egret?"))?;
        let charge = Charge { gateway: &statement.gateway, row, day };
        let mut line = Line::default();
        for (_, fill) in COLUMNS {
            match fill(&charge) {
                Null => line.raw(""),
                Own(value) => line.raw(&value),
                Text(value) => line.text(&value),
            }
        }
        line.end(&mut out);
    }
    Ok(out)
}
