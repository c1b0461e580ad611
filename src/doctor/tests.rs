//! Tests of the judgements.
