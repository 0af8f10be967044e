//! What a specifier means: a file of the site, a package in `node_modules`, or something else.
