package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strings"

	"cloudmetrics.example/go/cloudmetrics"
)

// called calls a method by the contract's names, and gives what it gives.
func called(ctx context.Context, client *cloudmetrics.Client, call string, with json.RawMessage) (any, error) {
	resource, name, _ := strings.Cut(call, ".")
	method := named(reflect.ValueOf(client.Resources).Elem(), resource).MethodByName(methodName(client, resource, name))
	given := map[string]json.RawMessage{}
	if err := json.Unmarshal(with, &given); err != nil {
		return nil, err
	}
	arguments, err := arguments(ctx, method.Type(), given, with)
	if err != nil {
		return nil, err
	}
	results := method.Call(arguments)
	last := results[len(results)-1].Interface()
	if err, failed := last.(error); failed {
		return nil, err
	}
	if method.Type().Out(0).Implements(reflect.TypeFor[error]()) {
		return nil, nil
	}
	return results[0].Interface(), nil
}

// arguments are what a method is given. Positional ones come in the order in which they are in the path,
// which is that of the message.
func arguments(
	ctx context.Context, method reflect.Type, given map[string]json.RawMessage, with json.RawMessage,
) ([]reflect.Value, error) {
	positional := texts(with, given, method)
	var made []reflect.Value
	for i := range method.NumIn() {
		kind := method.In(i)
		switch kind.Kind() {
		case reflect.Interface:
			made = append(made, reflect.ValueOf(ctx))
		case reflect.String:
			made = append(made, reflect.ValueOf(positional[0]))
			positional = positional[1:]
		default:
			params, err := filled(kind.Elem(), given)
			if err != nil {
				return nil, err
			}
			made = append(made, params)
		}
	}
	return made, nil
}

// texts are those given values that no field of the params takes, in their order.
func texts(with json.RawMessage, given map[string]json.RawMessage, method reflect.Type) []string {
	taken := map[string]bool{}
	if last := method.In(method.NumIn() - 1); last.Kind() == reflect.Pointer {
		for i := range last.Elem().NumField() {
			taken[wireName(last.Elem().Field(i).Tag)] = true
		}
	}
	var names []string
	for name := range given {
		if !taken[name] {
			names = append(names, name)
		}
	}
	sort.Slice(names, func(a, b int) bool {
		return strings.Index(string(with), `"`+names[a]+`":`) < strings.Index(string(with), `"`+names[b]+`":`)
	})
	all := make([]string, len(names))
	for i, name := range names {
		// Whatever is no text is none of a path's.
		_ = json.Unmarshal(given[name], &all[i])
	}
	return all
}

// filled is the params of a method, each field read from what its tag names.
func filled(kind reflect.Type, given map[string]json.RawMessage) (reflect.Value, error) {
	made := reflect.New(kind)
	for i := range kind.NumField() {
		name := wireName(kind.Field(i).Tag)
		value, ok := given[name]
		if !ok {
			continue
		}
		into := made.Elem().Field(i)
		if into.Type() == reflect.TypeFor[[]byte]() {
			var text string
			if err := json.Unmarshal(value, &text); err != nil {
				return made, err
			}
			into.SetBytes([]byte(text))
		} else if err := json.Unmarshal(value, into.Addr().Interface()); err != nil {
			return made, fmt.Errorf("%s: %w", name, err)
		}
	}
	return made, nil
}

// wireName is what the contract calls a field; a header's name is written as a parameter's.
func wireName(tag reflect.StructTag) string {
	for _, where := range []string{"query", "body"} {
		if name := tag.Get(where); name != "" {
			return name
		}
	}
	if name := tag.Get("header"); name != "" {
		return strings.ToLower(strings.ReplaceAll(name, "-", "_"))
	}
	name, _, _ := strings.Cut(tag.Get("json"), ",")
	return name
}

// named is a field by the contract's name.
func named(value reflect.Value, name string) reflect.Value {
	return value.FieldByNameFunc(func(field string) bool { return same(field, name) })
}

func methodName(client *cloudmetrics.Client, resource, name string) string {
	kind := named(reflect.ValueOf(client.Resources).Elem(), resource).Type()
	for i := range kind.NumMethod() {
		if same(kind.Method(i).Name, name) {
			return kind.Method(i).Name
		}
	}
	return ""
}

func same(goName, name string) bool {
	return strings.EqualFold(goName, strings.ReplaceAll(name, "_", ""))
}
