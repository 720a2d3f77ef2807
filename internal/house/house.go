// SPDX-License-Identifier: BSD-3-Clause

// Package house holds the rules of the project's structure, as tests: which folder may
// import which.
package house
