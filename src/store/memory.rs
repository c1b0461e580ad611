//! The same verbs over a map, able to fail on request: for tests of the rooms above.
