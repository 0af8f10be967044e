# `make test` is all a change must pass; CI runs exactly this. One profile (release) for everything, so that the
# dependencies are compiled once.

CARGO ?= cargo

.PHONY: test setup format lint fuzz-smoke unit dist bench soak

test: setup format lint fuzz-smoke unit

# What the tests need and the Rust toolchain does not bring.
setup:
	@tests/setup

format:
	$(CARGO) fmt --all --check

lint:
	$(CARGO) clippy --release --workspace --all-targets -- -D warnings
	$(CARGO) clippy --release --no-default-features -- -D warnings

# A few seconds for each fuzz target, from its seeds.
fuzz-smoke:
	fuzz/smoke

unit:
	$(CARGO) test --release --workspace --no-fail-fast

# What is shipped: full LTO, stripped.
dist:
	$(CARGO) build --profile dist

# Side by side with nginx, Hugo and the floor; see benches/README.md.
bench:
	$(CARGO) build --release -p sitekit -p sitekit-bench
	$(CARGO) run --release -p sitekit-bench -- compare

# Ten minutes of full load, deploys, reloads and abuse; fails when one good request does.
soak:
	$(CARGO) build --release -p sitekit -p sitekit-bench
	$(CARGO) run --release -p sitekit-bench -- soak
