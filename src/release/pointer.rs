//! The pointer of an app: which release is published, and who is at work on the next one. It is only ever swapped (by a
//! conditional put), so that of two who read the same one only one gets on.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ReleaseError, ReleaseId};

/// The version of the format.
const VERSION: u64 = 1;

/// What is published, and what is under way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pointer {
    /// The release that is live; `None` before the first.
    pub published: Option<Published>,
    /// The highest order of any release so far; `None` where none was ordered.
    pub order: Option<u64>,
    /// Who is changing what names mean, if anybody.
    pub claim: Option<Claim>,
    /// The last `gc` that deleted something.
    pub swept: Option<ReleaseId>,
    /// How often the pointer was written: no two of an app are the same bytes, so that whoever swaps one for another
    /// knows that nobody was there in between.
    pub serial: u64,
}

/// The release that is live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Its id.
    pub id: ReleaseId,
}

/// The right to change what names mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Of the release that is being made.
    pub id: ReleaseId,
    /// What it is for.
    pub kind: ClaimKind,
    /// The order of that release, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<u64>,
    /// Who it is, as whoever waits is told: a host, a job.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// The names, below the location, that a `gc` is about to delete.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub victims: Vec<String>,
}

/// What a claim is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClaimKind {
    /// A push.
    Push,
    /// A rollback.
    Rollback,
    /// A deletion of what no kept release needs.
    Gc,
}

impl fmt::Display for ClaimKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Push => "push",
            Self::Rollback => "rollback",
            Self::Gc => "gc",
        })
    }
}

/// Why a claim is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimRefusal {
    /// A release with a higher order is published or under way.
    Overtaken {
        /// The higher order.
        by: u64,
    },
    /// Somebody else is at work.
    Held(Claim),
}

#[derive(Serialize, Deserialize)]
struct Document {
    s3collect_pointer: u64,
    #[serde(default)]
    published: Option<Published>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claim: Option<Claim>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    swept: Option<ReleaseId>,
    #[serde(default)]
    serial: u64,
}

impl Pointer {
    /// Reads a pointer.
    ///
    /// # Errors
    /// Any [`ReleaseError`] but that of compression.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReleaseError> {
        let document: Document = serde_json::from_slice(bytes).map_err(ReleaseError::Shape)?;
        if document.s3collect_pointer != VERSION {
            return Err(ReleaseError::Version { found: document.s3collect_pointer, known: VERSION });
        }
        let Document { published, order, claim, swept, serial, .. } = document;
        Ok(Self { published, order, claim, swept, serial })
    }

    /// The document: one object of JSON and a newline.
    #[must_use]
    pub fn to_json(&self) -> String {
        let document = Document {
            s3collect_pointer: VERSION,
            published: self.published.clone(),
            order: self.order,
            claim: self.claim.clone(),
            swept: self.swept.clone(),
            serial: self.serial,
        };
        serde_json::to_string(&document).unwrap_or_default() + "\n"
    }

    /// What a release is by this pointer: `published`, `superseded`, or `unpublished` for one that was recorded and did
    /// not get so far.
    #[must_use]
    pub fn state(&self, id: &ReleaseId) -> &'static str {
        match &self.published {
            Some(live) if live.id == *id => "published",
            Some(live) if *id < live.id => "superseded",
            _ => "unpublished",
        }
    }

    /// The pointer with a claim in it. Whoever has an order yields to a higher one, published or claimed; an equal one
    /// is a re-run. Whoever has none goes by nothing but who came first.
    ///
    /// # Errors
    /// [`ClaimRefusal`]; a claim that was waited for long enough is passed over by [`Pointer::without_claim`] first.
    pub fn claimed(&self, claim: Claim) -> Result<Self, ClaimRefusal> {
        let foreign = self.claim.as_ref().filter(|held| held.id != claim.id);
        let highest = self.order.max(foreign.and_then(|held| held.order));
        if let (Some(ours), Some(highest)) = (claim.order, highest)
            && ours < highest
        {
            return Err(ClaimRefusal::Overtaken { by: highest });
        }
        match foreign {
            Some(held) => Err(ClaimRefusal::Held(held.clone())),
            None => Ok(Self { claim: Some(claim), ..self.next() }),
        }
    }

    /// The pointer without anybody's claim.
    #[must_use]
    pub fn without_claim(&self) -> Self {
        Self { claim: None, ..self.next() }
    }

    /// The pointer without the claim of somebody who is taken for dead; a `gc` may have deleted something before it died.
    #[must_use]
    pub fn passed_over(&self) -> Self {
        match &self.claim {
            Some(Claim { id, kind: ClaimKind::Gc, .. }) => {
                Self { swept: Some(id.clone()), ..self.without_claim() }
            }
            _ => self.without_claim(),
        }
    }

    /// The same again, as a sign of life.
    #[must_use]
    pub fn next(&self) -> Self {
        Self { serial: self.serial.wrapping_add(1), ..self.clone() }
    }

    /// The pointer once a `gc` is through with what it claimed.
    ///
    /// `None` where there is no claim.
    #[must_use]
    pub fn swept(&self) -> Option<Self> {
        let claim = self.claim.as_ref()?;
        Some(Self { swept: Some(claim.id.clone()), ..self.without_claim() })
    }

    /// The pointer once the claimed release is published: its order counts if it is the highest.
    ///
    /// `None` where there is no claim.
    #[must_use]
    pub fn published(&self) -> Option<Self> {
        let claim = self.claim.as_ref()?;
        Some(Self {
            published: Some(Published { id: claim.id.clone() }),
            order: self.order.max(claim.order),
            ..self.without_claim()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> ReleaseId {
        ReleaseId::begun(0, number)
    }

    fn claim(number: u32, order: Option<u64>) -> Claim {
        Claim { id: id(number), kind: ClaimKind::Push, order, by: "ci".to_owned(), victims: Vec::new() }
    }

    #[test]
    fn a_pointer_is_a_line_of_json() {
        let pointer = Pointer::default().claimed(claim(1, Some(7))).expect("nobody is there");
        let text = pointer.to_json();
        assert_eq!(
            text,
            concat!(
                r#"{"s3collect_pointer":1,"published":null,"claim":{"id":"19700101T000000Z-00000001","#,
                r#""kind":"push","order":7,"by":"ci"},"serial":1}"#,
                "\n"
            )
        );
        assert_eq!(Pointer::parse(text.as_bytes()).expect("a pointer"), pointer);
        let published = pointer.published().expect("a claim");
        assert_eq!(
            published.to_json(),
            "{\"s3collect_pointer\":1,\"published\":{\"id\":\"19700101T000000Z-00000001\"},\"order\":7,\"serial\":2}\n"
        );
        assert_eq!(Pointer::parse(published.to_json().as_bytes()).expect("a pointer"), published);
    }

    #[test]
    fn what_is_none_is_told() {
        let error = |text: &str| Pointer::parse(text.as_bytes()).expect_err("no pointer").to_string();
        assert_eq!(error(""), "it is no document of ours");
        assert_eq!(error("{\"paths\": {}}"), "it is no document of ours");
        assert_eq!(error("{\"s3collect_pointer\": 2}"), "its format is version 2, and this is version 1");
        assert_eq!(
            error("{\"s3collect_pointer\":1,\"published\":{\"id\":\"../x\"}}"),
            "it is no document of ours"
        );
    }

    #[test]
    fn one_at_a_time() {
        let held = Pointer::default().claimed(claim(1, None)).expect("nobody is there");
        assert_eq!(held.claimed(claim(2, None)), Err(ClaimRefusal::Held(claim(1, None))));
        assert_eq!(held.claimed(claim(1, None)), Ok(held.next()), "one's own is no hindrance");
        let taken_over = held.without_claim().claimed(claim(2, None)).expect("it was passed over");
        assert_eq!(taken_over.claim, Some(claim(2, None)));
    }

    #[test]
    fn a_later_commit_wins_whatever_the_order_of_finishing() {
        let after = |order| Pointer { order, ..Pointer::default() };
        for (there, ours, expected) in [
            (None, None, None),
            (None, Some(1), Some(1)),
            (Some(5), Some(6), Some(6)),
            (Some(5), Some(5), Some(5)),
            (Some(5), None, Some(5)),
        ] {
            let claimed = after(there).claimed(claim(1, ours)).expect("it may");
            assert_eq!(claimed.published().expect("a claim").order, expected, "{there:?} {ours:?}");
        }
        assert_eq!(after(Some(5)).claimed(claim(1, Some(4))), Err(ClaimRefusal::Overtaken { by: 5 }));
        let held = after(Some(5)).claimed(claim(1, Some(9))).expect("it may");
        assert_eq!(held.claimed(claim(2, Some(8))), Err(ClaimRefusal::Overtaken { by: 9 }));
        assert_eq!(held.claimed(claim(2, Some(10))), Err(ClaimRefusal::Held(claim(1, Some(9)))));
    }
}
