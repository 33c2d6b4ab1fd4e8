h5.read("Cargo.toml")
