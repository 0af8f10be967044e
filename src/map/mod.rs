//! Reads bundles: validates one completely before the first answer, then looks paths up in place. Nothing else in the
//! program trusts a byte of a bundle that was not checked here.
