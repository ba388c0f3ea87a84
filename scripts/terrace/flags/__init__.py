"""Feature flags: from what people write to what flagd and OpenFeature evaluate. `docs/flags.md` describes them."""
