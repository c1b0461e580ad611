//! What the pages have in common, that of `push --report` and those of the embedded endpoint: one document that needs
//! nothing besides, whose tables fold up on a phone. Escapes all that it is given.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::error::Problem;

use super::escape;

/// The style of every page; it stands in the page itself.
pub(crate) const STYLE: &str = include_str!("page.css");

/// A column of a table, by its heading.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column<'a> {
    /// Words, from the left.
    Text(&'a str),
    /// Numbers, from the right.
    Number(&'a str),
}

impl<'a> Column<'a> {
    fn label(self) -> &'a str {
        match self {
            Self::Text(label) | Self::Number(label) => label,
        }
    }

    fn class(self) -> Option<&'static str> {
        matches!(self, Self::Number(_)).then_some("number")
    }
}

/// A whole document.
pub(crate) fn document(title: &str, content: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                // Browsers would ask for one of their own accord.
                link rel="icon" href="data:,";
                title { (escape(title)) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (content) } }
        }
    }
    .into_string()
}

/// A table whose first column says what each row is about. On a phone each row is a list of its own, without what is empty.
pub(crate) fn table(columns: &[Column<'_>], rows: impl IntoIterator<Item = Vec<Markup>>) -> Markup {
    html! {
        div class="wide" {
            table {
                thead {
                    tr { @for column in columns { th scope="col" class=[column.class()] { (column.label()) } } }
                }
                tbody {
                    @for row in rows {
                        tr {
                            @for (index, (column, cell)) in columns.iter().zip(row).enumerate() {
                                @if index == 0 {
                                    th scope="row" { (cell) }
                                } @else {
                                    td data-label=(column.label()) class=[column.class()] { (cell) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Some values that matter most, each with what it is.
pub(crate) fn figures<'a>(figures: impl IntoIterator<Item = (&'a str, Markup)>) -> Markup {
    html! {
        dl { @for (name, value) in figures { div { dt { (name) } dd { (value) } } } }
    }
}

/// A name, a key, a digest: nothing of it is read as words.
pub(crate) fn code(text: &str) -> Markup {
    html! { code { (escape(text)) } }
}

/// Text that somebody else may have chosen.
pub(crate) fn text(text: &str) -> Markup {
    html! { (escape(text)) }
}

/// An error, a warning, with what is known about it.
pub(crate) fn problem(label: &str, class: &str, problem: &Problem) -> Markup {
    html! {
        div class=(class) {
            strong { (label) ": " } (escape(&problem.message))
            @for cause in &problem.causes { p class="soft" { "caused by: " (escape(cause)) } }
            @if let Some(note) = &problem.note { p class="soft" { "note: " (escape(note)) } }
            @if let Some(hint) = &problem.hint { p class="soft" { "hint: " (escape(hint)) } }
        }
    }
}
