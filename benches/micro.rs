//! The pure work of a push, piece by piece: `cargo bench --bench micro`; `cargo test --bench micro` runs each once.

use std::hint::black_box;
use std::io::Write as _;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use flate2::GzBuilder;
use flate2::write::GzEncoder;
use s3collect::digest::{Checksum, ChecksumAlgorithm, Chunking, ContentHash, Digester, md5_each};
use s3collect::encode::{HOLD, Material, encode};
use s3collect::name::AssetName;
use s3collect::object::Compression;
use s3collect::parameters::ObjectParameters;
use s3collect::plan::{BodyFacts, Evidence, judge};
use s3collect::rewrite::{Language, Rewriter};
use s3collect::settings::{GzipEngine, Lexer};
use s3collect::store::ListedObject;

fn main() {
    divan::main();
}

/// Bytes of one body; small ones are this one cut.
const SIZE: usize = 64 * 1024;

fn style_sheet() -> String {
    let rule = |number: usize| {
        format!(".c{number:04x}>a:hover{{color:#{:06x};background:url(img/{number}.png)}}\n", number * 7919)
    };
    let mut text: String = (0..).map(rule).take(SIZE / 64).collect();
    text.truncate(SIZE);
    text
}

fn script() -> String {
    let line =
        |number: usize| format!("import {{ f{number} }} from './m{number}.js'; f{number}('x', {number});\n");
    (0..SIZE / 60).map(line).collect()
}

#[divan::bench(args = [Lexer::Regex, Lexer::Tokens])]
fn rewrite_style_sheet(bencher: Bencher<'_, '_>, lexer: Lexer) {
    rewrite(bencher, Language::Css, &style_sheet(), lexer);
}

#[divan::bench(args = [Lexer::Regex, Lexer::Tokens])]
fn rewrite_script(bencher: Bencher<'_, '_>, lexer: Lexer) {
    rewrite(bencher, Language::Js, &script(), lexer);
}

fn rewrite(bencher: Bencher<'_, '_>, language: Language, text: &str, lexer: Lexer) {
    let rewriter = Rewriter::new(true, lexer);
    bencher.counter(BytesCount::of_str(text)).bench(|| {
        rewriter.rewrite(language, black_box(text), |reference| Some(format!("{}?hashed", reference.url)))
    });
}

#[divan::bench(args = [1, 4, 32])]
fn md5_of_bodies(bencher: Bencher<'_, '_>, bodies: usize) {
    let text = style_sheet();
    let all = vec![text.as_bytes(); bodies];
    bencher.counter(BytesCount::new(bodies * text.len())).bench(|| md5_each(black_box(&all)));
}

#[divan::bench(args = ["whole", "in parts"])]
fn md5_as_stored(bencher: Bencher<'_, '_>, stored: &str) {
    let text = style_sheet();
    let threshold = if stored == "whole" { u64::MAX } else { 0 };
    let layout = Chunking { threshold, ..Chunking::default() }.layout(text.len() as u64);
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let mut digester = Digester::new(&layout);
        digester.update(black_box(text.as_bytes()));
        digester.finish()
    });
}

#[divan::bench]
fn content_hash(bencher: Bencher<'_, '_>) {
    let text = style_sheet();
    bencher.counter(BytesCount::of_str(&text)).bench(|| ContentHash::of(black_box(text.as_bytes())));
}

#[divan::bench(args = [ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Crc64Nvme, ChecksumAlgorithm::Sha256])]
fn checksum(bencher: Bencher<'_, '_>, algorithm: ChecksumAlgorithm) {
    let text = style_sheet();
    bencher.counter(BytesCount::of_str(&text)).bench(|| Checksum::of(algorithm, black_box(text.as_bytes())));
}

#[divan::bench(args = [6, 9])]
fn gzip_by_zlib_itself(bencher: Bencher<'_, '_>, level: u32) {
    let text = style_sheet();
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let mut encoder: GzEncoder<Vec<u8>> =
            GzBuilder::new().write(Vec::new(), flate2::Compression::new(level));
        encoder.write_all(black_box(text.as_bytes())).and_then(|()| encoder.finish())
    });
}

#[divan::bench(args = [6, 9])]
fn gzip_as_zlib(bencher: Bencher<'_, '_>, level: u32) {
    gzip(bencher, level, GzipEngine::Zlib);
}

#[divan::bench(args = [6, 9])]
fn gzip_by_libdeflate(bencher: Bencher<'_, '_>, level: u32) {
    gzip(bencher, level, GzipEngine::Libdeflate);
}

fn gzip(bencher: Bencher<'_, '_>, level: u32, engine: GzipEngine) {
    let text = style_sheet();
    let compression = Compression::Gzip { level, engine, if_smaller: false };
    let name = AssetName::new("site.css").expect("a name");
    let material = Material::Made { name, bytes: text.clone().into() };
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| encode(black_box(&material), &compression, Chunking::default(), HOLD));
}

#[divan::bench]
fn plan_of_a_thousand(bencher: Bencher<'_, '_>) {
    let md5 = md5_each(&[b"body"]).remove(0);
    let evidence: Vec<Evidence> = (0..1000)
        .map(|number| {
            let etag = if number % 2 == 0 { md5.clone() } else { "another".to_owned() };
            let key = format!("static/{number}.css");
            let digest = s3collect::digest::BodyDigest { size: 4, md5: md5.clone(), etag: md5.clone() };
            Evidence {
                listed: Some(ListedObject { key, size: 4, etag, last_modified: None }),
                source_size: 4,
                stored_plain: true,
                parameters: ObjectParameters::default(),
                body: Some(BodyFacts { digest, content_encoding: None }),
                ..Evidence::default()
            }
        })
        .collect();
    bencher
        .counter(ItemsCount::new(evidence.len()))
        .bench(|| black_box(&evidence).iter().map(judge).collect::<Vec<_>>());
}
