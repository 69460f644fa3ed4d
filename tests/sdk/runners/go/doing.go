package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"cloudmetrics.example/go/cloudmetrics"
	"cloudmetrics.example/go/cloudmetrics/generated/models"
)

// runner does what it is told with the SDK.
type runner struct{ clients clients }

func (r *runner) do(asked message) (any, error) {
	ctx := context.Background()
	switch asked.Do {
	case "verify":
		return verify(asked.With)
	case "close":
		delete(r.clients, asked.Client.Name)
		return nil, nil
	}
	client, err := r.clients.get(asked.Client)
	if err != nil {
		return nil, err
	}
	switch asked.Do {
	case "call":
		return called(ctx, client, asked.Call, asked.With)
	case "response":
		return response(ctx, client, asked)
	case "items":
		return ranged(ctx, client, asked, "All")
	case "pages":
		return pages(ctx, client, asked)
	case "file", "lines":
		return file(ctx, client, asked)
	case "events":
		return events(ctx, client, asked)
	case "request":
		return request(ctx, client, asked.With)
	case "together":
		return together(ctx, client, asked.With)
	case "buffer":
		return buffer(ctx, client, asked.With)
	}
	return nil, fmt.Errorf("there is no %q", asked.Do)
}

func response(ctx context.Context, client *cloudmetrics.Client, asked message) (any, error) {
	var got cloudmetrics.Response
	data, err := called(cloudmetrics.Observe(ctx, &got), client, asked.Call, asked.With)
	return map[string]any{
		"data": data, "meta": got.Meta, "status": got.Status, "etag": got.ETag, "trace_id": got.TraceID,
	}, err
}

// ranged gives what a pager's method ranges over. The pager's type is the list's own.
func ranged(ctx context.Context, client *cloudmetrics.Client, asked message, over string) ([]any, error) {
	pager, err := called(ctx, client, asked.Call, asked.With)
	if err != nil {
		return nil, err
	}
	sequence := reflect.ValueOf(pager).MethodByName(over).Call([]reflect.Value{reflect.ValueOf(ctx)})[0]
	got := []any{}
	for item, failed := range sequence.Seq2() {
		if err, isError := failed.Interface().(error); isError {
			return nil, err
		}
		got = append(got, item.Interface())
		if asked.Take != nil && len(got) == *asked.Take {
			break
		}
	}
	return got, nil
}

func pages(ctx context.Context, client *cloudmetrics.Client, asked message) (any, error) {
	got, err := ranged(ctx, client, asked, "Pages")
	made := []any{}
	for _, each := range got {
		page := reflect.ValueOf(each).Elem()
		made = append(made, map[string]any{
			"items":       page.FieldByName("Items").Interface(),
			"next_cursor": orNull(page.FieldByName("NextCursor").String()),
			"has_more":    page.FieldByName("HasMore").Bool(),
		})
	}
	return made, err
}

func file(ctx context.Context, client *cloudmetrics.Client, asked message) (any, error) {
	opened, err := called(ctx, client, asked.Call, asked.With)
	if err != nil {
		return nil, err
	}
	reader, ok := opened.(io.ReadCloser)
	if !ok {
		return nil, fmt.Errorf("%T is no file", opened)
	}
	defer reader.Close()
	content, err := io.ReadAll(reader)
	if asked.Do == "file" || err != nil {
		return string(content), err
	}
	return strings.Split(strings.TrimSuffix(string(content), "\n"), "\n"), nil
}

func events(ctx context.Context, client *cloudmetrics.Client, asked message) (any, error) {
	var given struct{ Path string }
	if err := json.Unmarshal(asked.With, &given); err != nil {
		return nil, err
	}
	got := []any{}
	for event, err := range client.Stream(given.Path, nil).All(ctx) {
		if err != nil {
			return nil, err
		}
		got = append(got, map[string]any{"event": event.Event, "data": event.Data, "id": orNull(event.ID)})
		if asked.Take != nil && len(got) == *asked.Take {
			break
		}
	}
	return got, nil
}

func request(ctx context.Context, client *cloudmetrics.Client, with json.RawMessage) (any, error) {
	var given struct {
		Method, Path string
		Query        map[string]any
		Body         any
	}
	if err := json.Unmarshal(with, &given); err != nil {
		return nil, err
	}
	query := url.Values{}
	for name, value := range given.Query {
		several, ok := value.([]any)
		if !ok {
			several = []any{value}
		}
		for _, each := range several {
			query.Add(name, fmt.Sprint(each))
		}
	}
	return client.Request(ctx, given.Method, given.Path, query, given.Body)
}

func together(ctx context.Context, client *cloudmetrics.Client, with json.RawMessage) (any, error) {
	var given struct {
		Call  string
		With  json.RawMessage
		Times int
	}
	given.With = json.RawMessage("{}")
	if err := json.Unmarshal(with, &given); err != nil {
		return nil, err
	}
	type outcome struct {
		gives any
		err   error
	}
	outcomes := make(chan outcome)
	for range given.Times {
		go func() {
			gives, err := called(ctx, client, given.Call, given.With)
			outcomes <- outcome{gives, err}
		}()
	}
	var all []any
	var failed error
	for range given.Times {
		each := <-outcomes
		all = append(all, each.gives)
		if each.err != nil {
			failed = each.err
		}
	}
	return all, failed
}

func buffer(ctx context.Context, client *cloudmetrics.Client, with json.RawMessage) (any, error) {
	var given struct {
		Events    []map[string]any
		BatchSize int `json:"batch_size"`
		Interval  float64
		Capacity  int
	}
	if err := json.Unmarshal(with, &given); err != nil {
		return nil, err
	}
	receipts := []models.EventReceipt{}
	made, err := client.NewEventsBuffer(cloudmetrics.BufferOptions{
		BatchSize: given.BatchSize, Interval: seconds(given.Interval), Capacity: given.Capacity,
		OnRejected: func(receipt models.EventReceipt) { receipts = append(receipts, receipt) },
	})
	if err != nil {
		return nil, err
	}
	for _, event := range given.Events {
		if err := made.AddMap(ctx, event); err != nil {
			return nil, err
		}
	}
	err = made.Close(ctx)
	counts := made.Counts()
	return map[string]any{
		"accepted": counts.Accepted, "duplicates": counts.Duplicates, "rejected": counts.Rejected,
		"receipts": receipts,
	}, err
}

func verify(with json.RawMessage) (any, error) {
	var given struct {
		Body, Secret string
		Headers      map[string]string
		Tolerance    float64
		Now          int64
	}
	if err := json.Unmarshal(with, &given); err != nil {
		return nil, err
	}
	header := http.Header{}
	for name, value := range given.Headers {
		header.Set(name, value)
	}
	webhooks := cloudmetrics.Webhooks{
		Secret: given.Secret, Tolerance: seconds(given.Tolerance),
		Now: func() time.Time { return time.Unix(given.Now, 0) },
	}
	return webhooks.Verify([]byte(given.Body), header)
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
