//! Whatever comes from elsewhere, mutated from real seeds: no panic, no case that takes long, and a law for each target. A
//! moment for each target in every `cargo test`; `S3COLLECT_FUZZ=SECONDS` says how long, `S3COLLECT_FUZZ_SEED` where to begin:
//! `S3COLLECT_FUZZ=600 cargo test --test integration fuzz:: -- --nocapture`.

mod code;
mod documents;
mod endpoint;
mod mutation;
mod names;
mod settings;
mod wire;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use mutation::Mutation;

/// How long a target is tried where nobody says.
const MOMENT: Duration = Duration::from_millis(1500);
/// The most that one case may take, of at most [`mutation::LONGEST`] bytes, unoptimised and on a machine that is busy.
const LONG: Duration = Duration::from_secs(20);
/// Attempts at making a case that broke the law smaller.
const SMALLER: usize = 1000;

/// Something that takes what others wrote.
struct Target<'a> {
    name: &'static str,
    seeds: Vec<Vec<u8>>,
    /// What its language is made of.
    words: &'a [&'a str],
}

/// Whether what was put in was taken, or refused with an error, as it should be; or how the law is broken.
type Outcome = Result<bool, String>;

impl Target<'_> {
    /// Tries cases until time is up.
    fn run(&self, mut law: impl FnMut(&[u8]) -> Outcome) {
        let seed = variable("S3COLLECT_FUZZ_SEED").unwrap_or(1);
        let begun = Instant::now();
        let end = begun + variable("S3COLLECT_FUZZ").map_or(MOMENT, Duration::from_secs);
        let (mut cases, mut taken, mut slowest) = (0_u64, 0_u64, Duration::ZERO);
        for case in &self.seeds {
            let outcome = attempt(&mut law, case);
            assert!(outcome.is_ok(), "{}: {outcome:?}: {}", self.name, case.escape_ascii());
        }
        while Instant::now() < end || cases < 100 {
            let case = Mutation::new(seed, cases, &self.seeds, self.words).case();
            let case_begun = Instant::now();
            match attempt(&mut law, &case) {
                Ok(is_taken) => taken += u64::from(is_taken),
                Err(problem) => self.broken(&mut law, case, &problem, (seed, cases)),
            }
            slowest = slowest.max(case_begun.elapsed());
            assert!(slowest < LONG, "{}: {slowest:?} for seed {seed}, case {cases}", self.name);
            cases += 1;
        }
        // What is always taken, or always refused, is not tried.
        assert!(0 < taken && taken < cases, "{}: {taken} of {cases} were taken", self.name);
        tell(&format!(
            "fuzz {}: {cases} cases in {:.1} s, {taken} of them taken, slowest {} ms, seed {seed}, 0 failed",
            self.name,
            begun.elapsed().as_secs_f64(),
            slowest.as_millis(),
        ));
    }

    fn broken(
        &self,
        law: &mut impl FnMut(&[u8]) -> Outcome,
        mut case: Vec<u8>,
        problem: &str,
        at: (u64, u64),
    ) -> ! {
        let mut attempts = 0;
        let mut length = case.len() / 2;
        while length > 0 && attempts < SMALLER {
            let mut start = 0;
            while start + length <= case.len() && attempts < SMALLER {
                let smaller = [&case[..start], &case[start + length..]].concat();
                attempts += 1;
                if attempt(law, &smaller).is_err() {
                    case = smaller;
                } else {
                    start += length;
                }
            }
            length /= 2;
        }
        let now = attempt(law, &case).err().unwrap_or_default();
        let (seed, number) = at;
        panic!(
            "{}, seed {seed}, case {number}: {problem}\nsmaller: {now}\nb\"{}\"",
            self.name,
            case.escape_ascii()
        );
    }
}

#[expect(clippy::print_stdout, reason = "figures are what it is run for")]
fn tell(figures: &str) {
    println!("{figures}");
}

fn attempt(law: &mut impl FnMut(&[u8]) -> Outcome, case: &[u8]) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| law(case))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        Err(format!("panic: {}", text.or(panic.downcast_ref::<&str>().copied()).unwrap_or_default()))
    })
}

/// Where two things that should be the same are not.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, left: &T, right: &T) -> Result<(), String> {
    if left == right { Ok(()) } else { Err(format!("{what}: {left:?} and {right:?}")) }
}

#[expect(clippy::disallowed_methods, reason = "how long it runs is a matter of who runs it")]
fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("`{name}` is no number: {text}")))
}
