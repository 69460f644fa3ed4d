package core

import (
	"context"
	"encoding/json"
	"iter"
)

// Page is some things of a list. NextCursor is where the next page begins, empty on the last one.
type Page[T any] struct {
	Items      []T
	NextCursor string
	HasMore    bool
	Meta       json.RawMessage
}

// Pager is a list. Nothing is asked for before it is ranged over, and no more than is needed then.
type Pager[T any] struct {
	client *Client
	call   Call
	inBody bool
}

// NewPager makes the list of a call, whose cursor is in the body or else in the query.
func NewPager[T any](client *Client, call Call, inBody bool) *Pager[T] {
	return &Pager[T]{client: client, call: call, inBody: inBody}
}

// All ranges over the things of all pages. An error is the last that it gives.
func (p *Pager[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for page, err := range p.Pages(ctx) {
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// Pages ranges over the pages, each asked for when it is its turn. An error is the last that it gives.
func (p *Pager[T]) Pages(ctx context.Context) iter.Seq2[*Page[T], error] {
	return func(yield func(*Page[T], error) bool) {
		first, err := p.call.prepare()
		cursor := ""
		for call := first; ; {
			var page *Page[T]
			if err == nil {
				page, err = p.page(ctx, call, cursor)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(page, nil) || page.NextCursor == "" {
				return
			}
			cursor = page.NextCursor
			call, err = first.at(cursor, p.inBody)
		}
	}
}

// Page gives the first page alone, or the one at the cursor that the list was given.
func (p *Pager[T]) Page(ctx context.Context) (*Page[T], error) {
	for page, err := range p.Pages(ctx) {
		return page, err
	}
	return nil, ctx.Err()
}

// page asks for one page. A server that gives the same cursor again would never end.
func (p *Pager[T]) page(ctx context.Context, call *prepared, cursor string) (*Page[T], error) {
	answer, err := p.client.send(ctx, call, false)
	if err != nil {
		return nil, err
	}
	var whole envelope
	if err := answer.read(answer.body, &whole); err != nil {
		return nil, err
	}
	if whole.Pagination == nil {
		return nil, answer.invalid("no list: it does not say where it goes on")
	}
	page := &Page[T]{HasMore: whole.Pagination.HasMore, Meta: whole.Meta}
	if err := answer.read(whole.Data, &page.Items); err != nil {
		return nil, err
	}
	if next := whole.Pagination.NextCursor; next != nil {
		page.NextCursor = *next
	}
	if page.NextCursor != "" && page.NextCursor == cursor {
		return nil, answer.invalid("part of a list that goes in a circle: its cursor leads to itself")
	}
	return page, nil
}
