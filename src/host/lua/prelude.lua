-- Overrides library functions that could catch a limit error, run without a bound because no hook is
-- called, or expose memory addresses. The original functions are in locals, which a script cannot
-- access because `debug` is not available.
--
-- rethrow_limit(e)   raises a pending limit error, or `e` if it is a limit error
-- is_limit(e)        whether `e` is a limit error or an interruption
-- charge()           counts the instructions that a new coroutine may run before its first hook
-- check_plain(t)     raises an error if the metatable of `t` has `__len`
-- check_iterable(v)  raises an error if a value that is not a table has no elements
-- load_module(name)  returns the chunk and the path of a module
local rethrow_limit, is_limit, charge, check_plain, check_iterable, load_module = ...

local load, pcall, xpcall, setmetatable = load, pcall, xpcall, setmetatable
local error, getmetatable, rawget, rawlen = error, getmetatable, rawget, rawlen
local select, tostring, type = select, tostring, type
local create, wrap = coroutine.create, coroutine.wrap
local resume, close = coroutine.resume, coroutine.close
local concat, insert, remove, sort = table.concat, table.insert, table.remove, table.sort
local pack, unpack = table.pack, table.unpack
local format, rep, find, gsub = string.format, string.rep, string.find, string.gsub

local function check_result(ok, ...)
    if not ok then rethrow_limit(...) end
    return ok, ...
end

local function check_chunk(chunk, ...)
    if chunk == nil then rethrow_limit(...) end
    return chunk, ...
end

_G.pcall = function(...) return check_result(pcall(...)) end

_G.xpcall = function(f, handler, ...)
    -- A handler runs where the error was raised, possibly inside a hook: it must not run for a limit
    -- error.
    local function guarded(e)
        if is_limit(e) then return e end
        return handler(e)
    end
    return check_result(xpcall(f, guarded, ...))
end

-- Text chunks only: invalid or malicious bytecode can crash the process.
_G.load = function(chunk, name, _, ...) return check_chunk(load(chunk, name, "t", ...)) end

-- Finalizers run without hooks: neither limits nor Ctrl-C could stop them.
_G.setmetatable = function(t, metatable)
    if type(metatable) == "table" and rawget(metatable, "__gc") ~= nil then
        error("`__gc` is not available: the engine frees memory itself", 2)
    end
    return setmetatable(t, metatable)
end

coroutine.create = function(f)
    charge()
    return create(f)
end
coroutine.wrap = function(f)
    charge()
    return wrap(f)
end
coroutine.resume = function(...) return check_result(resume(...)) end
coroutine.close = function(co) return check_result(close(co)) end

-- The following functions loop up to `__len` in C.
local function check_length(t)
    if type(t) == "table" and getmetatable(t) ~= nil then check_plain(t) end
end

table.insert = function(t, ...)
    check_length(t)
    return insert(t, ...)
end
table.remove = function(t, ...)
    check_length(t)
    return remove(t, ...)
end
table.sort = function(t, ...)
    check_length(t)
    return sort(t, ...)
end
table.concat = function(t, separator, first, last)
    check_length(t)
    if last and type(t) == "table" and getmetatable(t) ~= nil and last > rawlen(t) then
        error("table.concat: the table ends at " .. rawlen(t), 2)
    end
    return concat(t, separator, first, last)
end
table.move = function(from, first, last, at, to)
    to = to or from
    if at > last or at <= first or to ~= from then
        for i = 0, last - first do to[at + i] = from[first + i] end
    else
        for i = last - first, 0, -1 do to[at + i] = from[first + i] end
    end
    return to
end

local opaque = { table = true, ["function"] = true, thread = true, userdata = true }

-- Converts values whose address `%s` would expose.
local function hide_addresses(...)
    for i = 1, select("#", ...) do
        if opaque[type((select(i, ...)))] then
            local values = pack(...)
            for j = i, values.n do
                if opaque[type(values[j])] then values[j] = tostring(values[j]) end
            end
            return unpack(values, 1, values.n)
        end
    end
    return ...
end

string.format = function(pattern, ...)
    if find(pattern, "p", 1, true) and find(gsub(pattern, "%%%%", ""), "%%[-+ #0-9.]*p") then
        error("string.format: `%p` is not available", 2)
    end
    return format(pattern, hide_addresses(...))
end

-- The original function loops `n` times even for an empty text.
string.rep = function(text, n, separator)
    if text == "" and (separator == nil or separator == "") then return "" end
    return rep(text, n, separator)
end

-- Tensors and objects count from 0.
local function next_element(t, i)
    i = i + 1
    if i < #t then return i, t[i] end
end

local ipairs, pairs = ipairs, pairs

_G.ipairs = function(t)
    if type(t) == "table" then return ipairs(t) end
    check_iterable(t)
    return next_element, t, -1
end
_G.pairs = function(t)
    if type(t) == "table" then return pairs(t) end
    check_iterable(t)
    return next_element, t, -1
end

local LOADING = {}
local modules = { _G = _G }
for _, name in ipairs({ "coroutine", "math", "os", "string", "table", "utf8" }) do
    modules[name] = _G[name]
end

_G.require = function(name)
    local module = modules[name]
    if module == LOADING then error("module `" .. name .. "` requires itself", 2) end
    if module ~= nil then return module end
    local chunk, path = load_module(name)
    modules[name] = LOADING
    local ok, result = pcall(chunk, name, path)
    modules[name] = nil
    if not ok then error(result, 0) end
    if result == nil then result = true end
    modules[name] = result
    return result, path
end
