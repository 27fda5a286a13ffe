package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
)

// Paging is the part of a list's input that says which page.
type Paging struct {
	Page    int `query:"page" minimum:"1" default:"1" doc:"The first page is 1"`
	PerPage int `query:"per_page" minimum:"1" maximum:"1000" default:"100" doc:"Things on a page"`
}

// farthest is a place behind everything; beyond it page × per_page may not fit.
const farthest = 1 << 40

// offset is how many things come before the page.
func (p Paging) offset() int {
	if p.Page-1 > farthest/p.PerPage {
		return farthest
	}
	return (p.Page - 1) * p.PerPage
}

// page is the page, or one behind everything. Without a size there is one page.
func (p Paging) page() int {
	if p.PerPage == 0 {
		return p.Page
	}
	return min(p.Page, farthest/p.PerPage)
}

// List is the answer of a list: a bare array, with its pages in headers.
type List[T any] struct {
	Link    string `header:"Link" doc:"The pages before and after"`
	Total   int    `header:"X-Total-Count"`
	Current int    `header:"X-Current-Page"`
	Pages   int    `header:"X-Page-Count"`
	Body    []T    `nullable:"false"`
}

// list answers with the things of one page, of total on all pages.
func list[T any](ctx context.Context, p Paging, page []T, total int) *List[T] {
	l := &List[T]{Total: total, Current: p.Page, Pages: (total + p.PerPage - 1) / p.PerPage, Body: page}
	if l.Body == nil {
		l.Body = []T{}
	}
	r := request(ctx)
	var links []string
	if p.Page > 1 && l.Pages > 0 {
		links = append(links, link(r, min(p.Page-1, l.Pages), "previous"))
	}
	if p.Page < l.Pages {
		links = append(links, link(r, p.Page+1, "next"))
	}
	l.Link = strings.Join(links, ", ")
	return l
}

// link is the same list at another page. It names no host: the one in the
// request is what a client says.
func link(r *http.Request, page int, rel string) string {
	q := r.URL.Query()
	q.Set("page", strconv.Itoa(page))
	return "<" + r.URL.EscapedPath() + "?" + q.Encode() + `>; rel="` + rel + `"`
}

// pageOf is the page of things that are all in memory.
func pageOf[T any](ctx context.Context, p Paging, all []T) *List[T] {
	begin := min(p.offset(), len(all))
	return list(ctx, p, all[begin:min(begin+p.PerPage, len(all))], len(all))
}
