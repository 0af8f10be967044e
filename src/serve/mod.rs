//! Answers requests from bundles. It cannot compile a site and opens no site file for a request.
