//! The S3 client against a socket that answers from a script: the exact request, and what each answer means.
