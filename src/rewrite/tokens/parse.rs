//! The JavaScript parser, which recurses: it gets a thread whose stack is enough for whatever the text may hold, and no
//! text that is nested deeper than people and their tools nest.

use std::ops::Range;
use std::thread;

use oxc_allocator::Allocator;
use oxc_parser::{ParseOptions, Parser};
use oxc_span::{SourceType, Span};

use super::Unlexed;

/// More brackets inside each other than this are left to the patterns: some nestings cost the parser the cube of their
/// depth.
const DEEPEST: usize = 512;

/// The most stack that is asked for. It is address space: only what is used takes memory.
const MOST_STACK: usize = 2 << 30;

/// What the parser needs before it recurses.
const LEAST_STACK: usize = 1 << 20;

/// What a level of nesting takes at most, with room to spare: measured for each construct, optimised or not.
const PER_BRACKET: usize = 3072;
const PER_OPERATOR: usize = 768;

/// Words that an expression or statement may begin with as often as it likes.
const PREFIXES: [&[u8]; 17] = [
    b"await",
    b"class",
    b"delete",
    b"do",
    b"else",
    b"extends",
    b"for",
    b"if",
    b"in",
    b"instanceof",
    b"new",
    b"of",
    b"typeof",
    b"void",
    b"while",
    b"with",
    b"yield",
];

/// What was found, by where it is in the text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parsed {
    /// The arguments of `import`, `export … from` and `import(…)`: literals with their quotes, or any expression.
    pub(super) requests: Vec<Range<usize>>,
    /// Each `import.meta`.
    pub(super) metas: Vec<Range<usize>>,
    /// Comments with their delimiters, in order.
    pub(super) comments: Vec<Range<usize>>,
}

/// Parses a text, as a module where it is one, else as a script.
pub(super) fn parse(text: &str) -> Result<Parsed, Unlexed> {
    let weight = Weight::of(text);
    let refuse = |reason: &str| Unlexed { line: 1, reason: reason.to_owned() };
    if weight.depth > DEEPEST {
        return Err(refuse(&format!("more than {DEEPEST} brackets are open at once")));
    }
    if weight.stack > MOST_STACK {
        return Err(refuse("it is too large"));
    }
    thread::scope(|scope| {
        let parser =
            thread::Builder::new().stack_size(weight.stack).spawn_scoped(scope, || on_this_stack(text));
        match parser.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(parsed)) => parsed,
            Ok(Err(_)) => Err(refuse("the parser broke down")),
            Err(_) => Err(refuse("there is not enough memory for its parser")),
        }
    })
}

fn on_this_stack(text: &str) -> Result<Parsed, Unlexed> {
    let allocator = Allocator::default();
    let options = ParseOptions { allow_return_outside_function: true, ..ParseOptions::default() };
    let parsed = Parser::new(&allocator, text, SourceType::unambiguous()).with_options(options).parse();
    if let Some(diagnostic) = parsed.diagnostics.first() {
        let offset = diagnostic.labels.first().map_or(0, |label| label.offset() as usize).min(text.len());
        let line = text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1;
        return Err(Unlexed { line, reason: diagnostic.message.to_string() });
    }
    let record = &parsed.module_record;
    let requested = record.requested_modules.values().flatten().map(|request| range(request.span));
    let imported = record.dynamic_imports.iter().map(|import| range(import.module_request));
    Ok(Parsed {
        requests: requested.chain(imported).collect(),
        metas: record.import_metas.iter().copied().map(range).collect(),
        comments: parsed.program.comments.iter().map(|comment| range(comment.span)).collect(),
    })
}

fn range(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

/// What a text may ask of a parser, at a glance that takes comments and strings for code.
struct Weight {
    /// The most brackets that are open at once.
    depth: usize,
    /// The bytes of stack that are enough if everything that may nest does, and nothing ever ends.
    stack: usize,
}

impl Weight {
    fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let (mut open, mut depth, mut stack) = (0_usize, 0, LEAST_STACK);
        let mut begins_word = true;
        for (index, byte) in bytes.iter().enumerate() {
            let in_word = byte.is_ascii_alphanumeric();
            match byte {
                b'(' | b'[' | b'{' => {
                    open += 1;
                    depth = depth.max(open);
                    stack = stack.saturating_add(PER_BRACKET);
                }
                b')' | b']' | b'}' => open = open.saturating_sub(1),
                b'a'..=b'z' if begins_word && PREFIXES.iter().any(|it| bytes[index..].starts_with(it)) => {
                    stack = stack.saturating_add(PER_OPERATOR);
                }
                b'!' | b'%' | b'&' | b'*' | b'+' | b'-' | b'/' | b':' | b'<' | b'=' | b'>' | b'?' | b'^'
                | b'|' | b'~' => stack = stack.saturating_add(PER_OPERATOR),
                _ => {}
            }
            begins_word = !in_word;
        }
        Self { depth, stack }
    }
}
