package core

import (
	"context"
	"encoding/json"
	"io"
)

// Send sends a call whose answer nobody reads.
func Send(ctx context.Context, client *Client, call Call) error {
	_, err := Ask(ctx, client, call)
	return err
}

// Ask gives the body of the answer to a call.
func Ask(ctx context.Context, client *Client, call Call) ([]byte, error) {
	ready, err := call.prepare()
	if err != nil {
		return nil, err
	}
	answer, err := client.send(ctx, ready, false)
	if err != nil {
		return nil, err
	}
	return answer.body, nil
}

// Fetch gives all of the answer.
func Fetch[T any](ctx context.Context, client *Client, call Call) (T, error) {
	var got T
	answer, err := fetch(ctx, client, call)
	if err == nil {
		err = answer.read(answer.body, &got)
	}
	return got, err
}

// FetchData gives the data of the answer.
func FetchData[T any](ctx context.Context, client *Client, call Call) (T, error) {
	var whole struct {
		Data *T `json:"data"`
	}
	answer, err := fetch(ctx, client, call)
	if err == nil {
		err = answer.read(answer.body, &whole)
	}
	if err == nil && whole.Data == nil {
		err = answer.invalid("not what the contract says: there is no data")
	}
	if err != nil {
		var none T
		return none, err
	}
	return *whole.Data, nil
}

// Open gives a file as it arrives. Reading fails with a ConnectionError where it ends before it is whole.
// Whoever got it closes it.
func Open(ctx context.Context, client *Client, call Call) (io.ReadCloser, error) {
	ready, err := call.prepare()
	if err != nil {
		return nil, err
	}
	answer, err := client.send(ctx, ready, true)
	if err != nil {
		return nil, err
	}
	return answer.stream, nil
}

// envelope is what the API puts around what is asked for.
type envelope struct {
	Data       json.RawMessage `json:"data"`
	Pagination *struct {
		NextCursor *string `json:"next_cursor"`
		HasMore    bool    `json:"has_more"`
	} `json:"pagination"`
	Meta json.RawMessage `json:"meta"`
}

func fetch(ctx context.Context, client *Client, call Call) (*answer, error) {
	ready, err := call.prepare()
	if err != nil {
		return nil, err
	}
	return client.send(ctx, ready, false)
}

// read reads JSON that has to be there: null, or nothing at all, is no answer.
func (a *answer) read(data []byte, into any) error {
	if len(data) == 0 || string(data) == "null" {
		return a.invalid("not what the contract says: something is missing")
	}
	if err := json.Unmarshal(data, into); err != nil {
		return a.invalid("not what the contract says: " + err.Error())
	}
	return nil
}
