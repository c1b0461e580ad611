//! The only module that does network.
