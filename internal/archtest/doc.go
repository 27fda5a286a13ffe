// Package archtest holds the rules that keep the tree readable, as tests: the
// import arrows of docs/architecture.md, documentation on everything that is
// exported, and the few files in which a secret may be exposed.
package archtest
