"""s3collect, the program, in a wheel; and a Django app with the management command of the same name."""
