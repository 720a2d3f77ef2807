// SPDX-License-Identifier: BSD-3-Clause

// Package table makes text tables in the one style that all commands print.
package table

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Writer is a table that rows are added to.
type Writer = table.Writer

// Row is the cells of one row.
type Row = table.Row

// New returns an empty table with a header; the header keeps its letters' case.
func New(header ...any) Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(header)
	return t
}

// NewPlain is [New] for mails: its lines are of ASCII characters.
func NewPlain(header ...any) Writer {
	t := New(header...)
	t.SetStyle(table.StyleDefault)
	t.Style().Format.Header = text.FormatDefault
	return t
}

// Fold wraps the cells of columns at word boundaries. Columns count from 1; widths has the
// greatest width of each.
func Fold(t Writer, widths map[int]int) {
	var configs []table.ColumnConfig
	for column, width := range widths {
		configs = append(configs, table.ColumnConfig{Number: column, WidthMax: width, WidthMaxEnforcer: text.WrapSoft})
	}
	t.SetColumnConfigs(configs)
}

// AppendSection begins a new section: a line, then a row with only a title, which spans all
// of the table's columns. The title begins with a capital letter.
func AppendSection(t Writer, title string, columns int) {
	title = strings.ToUpper(title[:1]) + title[1:]
	var row Row
	for range columns {
		row = append(row, title) // equal cells are merged
	}
	t.AppendSeparator()
	t.AppendRow(row, table.RowConfig{AutoMerge: true, AutoMergeAlign: text.AlignLeft})
}
