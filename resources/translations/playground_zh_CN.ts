<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN">
<context>
    <name>Activity</name>
    <message>
        <source>token number</source>
        <translation>token 序号</translation>
    </message>
    <message>
        <source>Size of the change over the size of the memory</source>
        <translation>变化量与记忆大小之比</translation>
    </message>
    <message>
        <source>Layer activity</source>
        <translation>层活跃度</translation>
    </message>
    <message>
        <source>Each column is a token, each row a layer: the colour is how much that token changed the layer&apos;s memory, as a part of its size (1: as large as the memory itself). Typically the first tokens change everything, then each one changes a tenth to a half, and rare words or a new sentence stand out.</source>
        <translation>每列是一个 token，每行是一层：颜色表示该 token 使这一层的记忆改变了多少，以记忆自身的大小为单位（1 表示与记忆本身一样大）。通常最初几个 token 会改变一切，之后每个 token 改变十分之一到一半，生僻词或新句子会格外突出。</translation>
    </message>
    <message>
        <source>size of the change over the size of the memory</source>
        <translation>变化量与记忆大小之比</translation>
    </message>
    <message>
        <source>{0} {1}</source>
        <translation>{0} {1}</translation>
    </message>
    <message>
        <source>token {0}</source>
        <translation>第 {0} 个 token</translation>
    </message>
    <message>
        <source>token {0}, layer {1}: not known</source>
        <translation>第 {0} 个 token，第 {1} 层：未知</translation>
    </message>
    <message>
        <source>token {0}, layer {1}: changed by {2}</source>
        <translation>第 {0} 个 token，第 {1} 层：改变 {2}</translation>
    </message>
</context>
<context>
    <name>Bars</name>
    <message>
        <source>{0} → {1} %</source>
        <translation>{0} → {1}%</translation>
    </message>
</context>
<context>
    <name>Conversation</name>
    <message>
        <source>Reading {0} of {1} tokens</source>
        <translation>正在读取 {0}/{1} 个 token</translation>
    </message>
    <message>
        <source>Reading {0} of {1} tokens, {2} left</source>
        <translation>正在读取 {0}/{1} 个 token，还需 {2}</translation>
    </message>
    <message>
        <source>{0} s</source>
        <translation>{0} 秒</translation>
    </message>
    <message>
        <source>{0} min {1} s</source>
        <translation>{0} 分 {1} 秒</translation>
    </message>
    <message>
        <source>{0} tokens/s</source>
        <translation>{0} token/s</translation>
    </message>
    <message>
        <source>{0} of {1} tokens in context</source>
        <translation>上下文 {0}/{1} token</translation>
    </message>
    <message>
        <source>{0} tokens in context</source>
        <translation>上下文 {0} token</translation>
    </message>
    <message>
        <source>state {0}</source>
        <translation>状态 {0}</translation>
    </message>
    <message>
        <source>the model ended the text</source>
        <translation>模型已结束文本</translation>
    </message>
    <message>
        <source>stopped: reached the length limit</source>
        <translation>已达上限</translation>
    </message>
    <message>
        <source>context is full: {0}</source>
        <translation>上下文已满：{0}</translation>
    </message>
    <message>
        <source>stopped: the stop text {0} came</source>
        <translation>遇到停止文本 {0}</translation>
    </message>
    <message>
        <source>stopped by you</source>
        <translation>已手动停止</translation>
    </message>
    <message>
        <source>Conversation</source>
        <translation>对话</translation>
    </message>
    <message>
        <source>Form of the messages</source>
        <translation>消息格式</translation>
    </message>
    <message>
        <source>What has been said</source>
        <translation>对话记录</translation>
    </message>
    <message>
        <source>Text that the model goes on with</source>
        <translation>供模型续写的文本</translation>
    </message>
    <message>
        <source>How much of your text has been read</source>
        <translation>文本读取进度</translation>
    </message>
    <message>
        <source>Second text</source>
        <translation>附加文本</translation>
    </message>
    <message>
        <source>Your message</source>
        <translation>你的消息</translation>
    </message>
    <message>
        <source>Known mistakes in your text</source>
        <translation>文本中的已知问题</translation>
    </message>
    <message>
        <source>What went wrong</source>
        <translation>出错原因</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>清空</translation>
    </message>
    <message>
        <source>Status</source>
        <translation>运行情况</translation>
    </message>
    <message>
        <source>Copy the model&apos;s last text</source>
        <translation>复制模型最近生成的文本</translation>
    </message>
    <message>
        <source>Copy everything</source>
        <translation>复制全部</translation>
    </message>
    <message>
        <source>{0} has been opened. It does not know what is above.</source>
        <translation>已打开 {0}，它不知道以上内容。</translation>
    </message>
    <message>
        <source>The model reads your text.</source>
        <translation>模型正在读取文本。</translation>
    </message>
    <message>
        <source>The model writes.</source>
        <translation>模型正在生成。</translation>
    </message>
    <message>
        <source>The model writes: {0} tokens so far, {1} tokens/s</source>
        <translation>模型正在生成：已有 {0} 个 token，{1} token/s</translation>
    </message>
    <message>
        <source>Stopped by you.</source>
        <translation>已手动停止。</translation>
    </message>
    <message>
        <source>No model is open: open one first.</source>
        <translation>尚未打开模型，请先打开一个。</translation>
    </message>
    <message>
        <source>Write a message first.</source>
        <translation>请先输入消息。</translation>
    </message>
    <message>
        <source>Ready.</source>
        <translation>就绪。</translation>
    </message>
    <message>
        <source>A new conversation begins: the model does not know what is above.</source>
        <translation>新对话开始：模型不知道以上内容。</translation>
    </message>
    <message>
        <source>{0} Source: {1}</source>
        <translation>{0}来源：{1}</translation>
    </message>
    <message>
        <source>{0} (optional)</source>
        <translation>{0}（可选）</translation>
    </message>
    <message>
        <source>Your message. Enter sends it, Shift+Enter begins a line.</source>
        <translation>输入消息。Enter 发送，Shift+Enter 换行。</translation>
    </message>
    <message>
        <source>Your message. Ctrl+Enter sends it, Enter begins a line.</source>
        <translation>输入消息。Ctrl+Enter 发送，Enter 换行。</translation>
    </message>
    <message>
        <source>Nothing has been said yet. Write a message below.</source>
        <translation>还没有对话，请在下方输入消息。</translation>
    </message>
    <message>
        <source>Begin a text here. When you press Write, or Ctrl+Enter, the model goes on from its end.</source>
        <translation>在此写下开头。点击“生成”或按 Ctrl+Enter，模型便从末尾续写。</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Enter</translation>
    </message>
    <message>
        <source>Ctrl+Enter</source>
        <translation>Ctrl+Enter</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>发送</translation>
    </message>
    <message>
        <source>Write</source>
        <translation>生成</translation>
    </message>
    <message>
        <source>Clear what is shown; the model forgets it</source>
        <translation>清空显示内容，模型也会随之遗忘</translation>
    </message>
</context>
<context>
    <name>CurvePage</name>
    <message>
        <source>part of the largest</source>
        <translation>与最大值之比</translation>
    </message>
    <message>
        <source>{0} (largest {1})</source>
        <translation>{0}（最大 {1}）</translation>
    </message>
</context>
<context>
    <name>DecayCurves</name>
    <message>
        <source>log</source>
        <translation>对数</translation>
    </message>
    <message>
        <source>Logarithmic axis, up to 4,096 tokens</source>
        <translation>对数坐标轴，至 4,096 个 token</translation>
    </message>
    <message>
        <source>Decay curves</source>
        <translation>衰减曲线</translation>
    </message>
    <message>
        <source>How much of what this layer stored is left after so many more tokens: the bands hold most of its channels, the lines are their median and the picked head; where each token decides its own decay they move, and the dashed lines are the mean of the tokens shown so far. Typically the early layers forget within tens of tokens and the late ones keep a part for hundreds; version 1 knows no decay, and shows its learned weight for each distance.</source>
        <translation>再读若干 token 后，这一层存入的内容还剩多少：色带涵盖大部分通道，实线是其中位数和所选的头；若衰减由每个 token 自行决定，曲线会移动，虚线则是目前为止的均值。通常浅层在几十个 token 内遗忘，深层有一部分能保留数百个 token；第 1 版没有衰减，显示的是各距离上学到的权重。</translation>
    </message>
    <message>
        <source>Layer {0} has no memory that decays.</source>
        <translation>第 {0} 层没有会衰减的记忆。</translation>
    </message>
    <message>
        <source>layer {0}, head {1}</source>
        <translation>第 {0} 层，头 {1}</translation>
    </message>
    <message>
        <source>weight</source>
        <translation>权重</translation>
    </message>
    <message>
        <source>fraction left, 0 to 1</source>
        <translation>剩余比例，0 到 1</translation>
    </message>
    <message>
        <source>tokens later</source>
        <translation>之后的 token 数</translation>
    </message>
    <message>
        <source>fraction left</source>
        <translation>剩余比例</translation>
    </message>
    <message>
        <source>distance in tokens</source>
        <translation>距离（token）</translation>
    </message>
    <message>
        <source>head {0}</source>
        <translation>头 {0}</translation>
    </message>
    <message>
        <source>the other heads</source>
        <translation>其他头</translation>
    </message>
    <message>
        <source>median</source>
        <translation>中位数</translation>
    </message>
    <message>
        <source>25–75 % of the {0}</source>
        <translation>25–75% 的{0}</translation>
    </message>
    <message>
        <source>10–90 %</source>
        <translation>10–90%</translation>
    </message>
    <message>
        <source>mean so far</source>
        <translation>目前均值</translation>
    </message>
    <message>
        <source>layer {0}</source>
        <translation>第 {0} 层</translation>
    </message>
    <message>
        <source>layer {0}, head {1}, distance {2}: {3}</source>
        <translation>第 {0} 层，头 {1}，距离 {2}：{3}</translation>
    </message>
    <message>
        <source>after {0} tokens: median {1}</source>
        <translation>{0} 个 token 后：中位数 {1}</translation>
    </message>
    <message>
        <source>after {0} tokens: median {1}, head {2}: {3}</source>
        <translation>{0} 个 token 后：中位数 {1}，头 {2}：{3}</translation>
    </message>
    <message>
        <source>mean of {0}</source>
        <translation>{0} 分位均值</translation>
    </message>
    <message>
        <source>{0} {1}</source>
        <translation>{0} {1}</translation>
    </message>
</context>
<context>
    <name>DecayField</name>
    <message>
        <source>Halves in</source>
        <translation>减半需</translation>
    </message>
    <message>
        <source>never</source>
        <translation>永不</translation>
    </message>
    <message>
        <source>Half-life of the penalties, in tokens</source>
        <translation>惩罚的半衰期，以 token 计</translation>
    </message>
</context>
<context>
    <name>DropArea</name>
    <message>
        <source>or drop it here</source>
        <translation>或拖放到此处</translation>
    </message>
    <message>
        <source>A model file, or a model&apos;s folder</source>
        <translation>模型文件或模型文件夹</translation>
    </message>
    <message>
        <source>Open file …</source>
        <translation>打开文件…</translation>
    </message>
    <message>
        <source>Open a model file, or a folder from the menu</source>
        <translation>打开模型文件，或从菜单中打开文件夹</translation>
    </message>
    <message>
        <source>Open folder …</source>
        <translation>打开文件夹…</translation>
    </message>
</context>
<context>
    <name>ErrorDialog</name>
    <message>
        <source>Something went wrong</source>
        <translation>出错了</translation>
    </message>
    <message>
        <source>Copy details</source>
        <translation>复制详情</translation>
    </message>
    <message>
        <source>This has happened {0} times.</source>
        <translation>此错误已发生 {0} 次。</translation>
    </message>
    <message>
        <source>Errors since then: {0}. The details have them.</source>
        <translation>此后的错误数：{0}，见详情。</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>详情</translation>
    </message>
    <message>
        <source>Show or hide the details of the error</source>
        <translation>显示或隐藏错误详情</translation>
    </message>
    <message>
        <source>Details of the error</source>
        <translation>错误详情</translation>
    </message>
    <message>
        <source>Copy the details of the error</source>
        <translation>复制错误详情</translation>
    </message>
    <message>
        <source>Open log folder</source>
        <translation>打开日志文件夹</translation>
    </message>
    <message>
        <source>Open the folder with the log file</source>
        <translation>打开日志文件所在的文件夹</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>Close this message</source>
        <translation>关闭此消息</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>已复制</translation>
    </message>
</context>
<context>
    <name>ErrorReport</name>
    <message>
        <source>The computer&apos;s memory is used up.</source>
        <translation>计算机内存已耗尽。</translation>
    </message>
    <message>
        <source>Close other programs, or open a smaller model.</source>
        <translation>请关闭其他程序，或打开较小的模型。</translation>
    </message>
    <message>
        <source>The program made a mistake ({0}) and left something undone.</source>
        <translation>程序出错（{0}），有操作未能完成。</translation>
    </message>
    <message>
        <source>You can go on. If it happens again, copy the details into a report to the authors.</source>
        <translation>你可以继续使用。若再次出现，请复制详情并报告给作者。</translation>
    </message>
</context>
<context>
    <name>HalfLife</name>
    <message>
        <source>tokens</source>
        <translation>token</translation>
    </message>
    <message>
        <source>Half-life</source>
        <translation>半衰期</translation>
    </message>
    <message>
        <source>Each row is a layer, its channels sorted from the longest memory to the shortest: the colour says after how many tokens half of what a channel stored is left. Typically most channels of the early layers forget within ten tokens, while a part of the late ones outlives a thousand.</source>
        <translation>每行是一层，其通道按记忆从长到短排列：颜色表示经过多少个 token 后，通道存入的内容只剩一半。通常浅层的大多数通道在十个 token 内遗忘，深层则有一部分能超过一千个 token。</translation>
    </message>
    <message>
        <source>This version has no half-life: nothing fades, each earlier token counts by a learned weight for its distance. The decay curves show these weights.</source>
        <translation>此版本没有半衰期：记忆不会衰减，之前的每个 token 按其距离上学到的权重起作用。这些权重见衰减曲线。</translation>
    </message>
    <message>
        <source>tokens until half is left</source>
        <translation>剩余一半所需的 token 数</translation>
    </message>
    <message>
        <source>rank {0}</source>
        <translation>名次 {0}</translation>
    </message>
    <message>
        <source>share of the {0} (%)</source>
        <translation>{0}占比（%）</translation>
    </message>
    <message>
        <source>layer {0} has no memory that decays</source>
        <translation>第 {0} 层没有会衰减的记忆</translation>
    </message>
    <message>
        <source>layer {0}: {1} % of the {2} have a half-life of {3} or more</source>
        <translation>第 {0} 层：{1}% 的{2}半衰期达 {3} 以上</translation>
    </message>
</context>
<context>
    <name>ImagePage</name>
    <message>
        <source>All heads</source>
        <translation>所有头</translation>
    </message>
</context>
<context>
    <name>LoadChoices</name>
    <message>
        <source>Device that the model runs on</source>
        <translation>运行模型的设备</translation>
    </message>
    <message>
        <source>Precision of the weights</source>
        <translation>权重精度</translation>
    </message>
    <message>
        <source>Tokenizer: how text becomes numbers</source>
        <translation>分词器：文本如何变成数字</translation>
    </message>
    <message>
        <source>{0} needs {1} of memory, and {2} are free.</source>
        <translation>{0} 需要 {1} 内存，目前可用 {2}。</translation>
    </message>
    <message>
        <source>Close other programs, or open it on a computer with more memory.</source>
        <translation>请关闭其他程序，或在内存更大的计算机上打开。</translation>
    </message>
    <message>
        <source>Choose {0}, which needs {1}.</source>
        <translation>请选择 {0}，它需要 {1}。</translation>
    </message>
    <message>
        <source>No tokenizer was found for this model.</source>
        <translation>未找到适合此模型的分词器。</translation>
    </message>
    <message>
        <source>Choose one above; the card says what is known.</source>
        <translation>请在上方选择一个；已知信息见模型卡片。</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>设备</translation>
    </message>
    <message>
        <source>Precision</source>
        <translation>精度</translation>
    </message>
    <message>
        <source>Tokenizer</source>
        <translation>分词器</translation>
    </message>
    <message>
        <source>engine is starting …</source>
        <translation>引擎启动中…</translation>
    </message>
    <message>
        <source>{0}, {1}</source>
        <translation>{0}，{1}</translation>
    </message>
    <message>
        <source>{0}, {1} ✗</source>
        <translation>{0}，{1} ✗</translation>
    </message>
    <message>
        <source>none found</source>
        <translation>未找到</translation>
    </message>
    <message>
        <source>automatic: {0}</source>
        <translation>自动：{0}</translation>
    </message>
    <message>
        <source>automatic</source>
        <translation>自动</translation>
    </message>
    <message>
        <source>The tokenizer that fits by its size and by what lies beside the model.</source>
        <translation>根据词表大小和模型旁的文件自动匹配的分词器。</translation>
    </message>
    <message>
        <source>World</source>
        <translation>World</translation>
    </message>
    <message>
        <source>The tokenizer of the World models, for text in any language.</source>
        <translation>World 系列模型的分词器，适用于任何语言的文本。</translation>
    </message>
    <message>
        <source>Bytes</source>
        <translation>字节</translation>
    </message>
    <message>
        <source>Each byte is a token: for models that were trained on raw bytes.</source>
        <translation>每个字节是一个 token：适用于按原始字节训练的模型。</translation>
    </message>
    <message>
        <source>File …</source>
        <translation>文件…</translation>
    </message>
    <message>
        <source>A tokenizer.json, vocab.json or World vocabulary (.txt) of your own.</source>
        <translation>自选的 tokenizer.json、vocab.json 或 World 词表（.txt）。</translation>
    </message>
    <message>
        <source>Open a tokenizer</source>
        <translation>打开分词器</translation>
    </message>
    <message>
        <source>Tokenizers (*.json *.txt)</source>
        <translation>分词器 (*.json *.txt)</translation>
    </message>
    <message>
        <source>All files (*)</source>
        <translation>所有文件 (*)</translation>
    </message>
    <message>
        <source>4 bytes a weight: exact, and the largest.</source>
        <translation>每个权重 4 字节：精确，但占用最大。</translation>
    </message>
    <message>
        <source>2 bytes a weight: half the memory, a little rounded.</source>
        <translation>每个权重 2 字节：内存减半，略有舍入。</translation>
    </message>
    <message>
        <source>2 bytes a weight: half the memory, less rounded, but very large weights do not fit.</source>
        <translation>每个权重 2 字节：内存减半，舍入更小，但放不下过大的权重。</translation>
    </message>
    <message>
        <source>1 byte a weight: a quarter of the memory, slightly worse text. Saves memory, not time.</source>
        <translation>每个权重 1 字节：内存为四分之一，文本略差。省内存，不省时间。</translation>
    </message>
    <message>
        <source>Half a byte a weight: an eighth of the memory, clearly worse text. Saves memory, not time.</source>
        <translation>每个权重半字节：内存为八分之一，文本明显变差。省内存，不省时间。</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>RWKV Playground</source>
        <translation>RWKV Playground</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Sampling</source>
        <translation>采样</translation>
    </message>
    <message>
        <source>Model and sampling</source>
        <translation>模型与采样</translation>
    </message>
    <message>
        <source>Inspector</source>
        <translation>检视器</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>文件(&amp;F)</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>视图(&amp;V)</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>帮助(&amp;H)</translation>
    </message>
    <message>
        <source>Three things to try</source>
        <translation>可以试试这三件事</translation>
    </message>
    <message>
        <source>Open the log folder</source>
        <translation>打开日志文件夹</translation>
    </message>
    <message>
        <source>About RWKV Playground</source>
        <translation>关于 RWKV Playground</translation>
    </message>
    <message>
        <source>Open a model …</source>
        <translation>打开模型…</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>退出</translation>
    </message>
    <message>
        <source>Plots</source>
        <translation>图表</translation>
    </message>
    <message>
        <source>As the system</source>
        <translation>跟随系统</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>浅色</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>深色</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>主题</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>语言</translation>
    </message>
    <message>
        <source>Enter sends</source>
        <translation>Enter 发送</translation>
    </message>
    <message>
        <source>Ctrl+Enter sends</source>
        <translation>Ctrl+Enter 发送</translation>
    </message>
    <message>
        <source>Sending</source>
        <translation>发送方式</translation>
    </message>
    <message>
        <source>No model is open</source>
        <translation>尚未打开模型</translation>
    </message>
    <message>
        <source>Engine: starting …</source>
        <translation>引擎：启动中…</translation>
    </message>
    <message>
        <source>Engine: torch {0}, threads: {1}</source>
        <translation>引擎：torch {0}，线程：{1}</translation>
    </message>
    <message>
        <source>{0} – RWKV Playground</source>
        <translation>{0} – RWKV Playground</translation>
    </message>
    <message>
        <source>The demo models are missing from this installation.</source>
        <translation>此安装缺少演示模型。</translation>
    </message>
    <message>
        <source>Memory: {0} MB</source>
        <translation>内存：{0} MB</translation>
    </message>
    <message>
        <source>There is no log file: its folder could not be written.</source>
        <translation>没有日志文件：无法写入其文件夹。</translation>
    </message>
    <message>
        <source>The log is in {0}</source>
        <translation>日志位于 {0}</translation>
    </message>
    <message>
        <source>RWKV Playground opens RWKV models of versions 1 to 7 and shows what they remember.</source>
        <translation>RWKV Playground 可打开第 1 至 7 版的 RWKV 模型，并展示它们记住了什么。</translation>
    </message>
    <message>
        <source>none</source>
        <translation>无</translation>
    </message>
    <message>
        <source>Licence: Apache-2.0. Icons: Lucide (ISC). Log file: {0}</source>
        <translation>许可证：Apache-2.0。图标：Lucide（ISC）。日志文件：{0}</translation>
    </message>
</context>
<context>
    <name>Memory</name>
    <message>
        <source>Part of the memory</source>
        <translation>记忆的组成部分</translation>
    </message>
    <message>
        <source>Arrangement of the curves</source>
        <translation>曲线的排列方式</translation>
    </message>
    <message>
        <source>apart</source>
        <translation>分开</translation>
    </message>
    <message>
        <source>together</source>
        <translation>叠放</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>记忆</translation>
    </message>
    <message>
        <source>The numbers that the picked layer remembers: a matrix for each head that turns keys into values, or where the version has no such matrix, sums by channel or a window of the keys of past tokens. Typically a few rows or channels are far stronger than the rest, and those with a short half-life change with every token.</source>
        <translation>所选层记住的数值：每个头有一个把键映射为值的矩阵；没有这种矩阵的版本，则是按通道的累加和，或过去各 token 的键的窗口。通常少数行或通道远强于其余部分，半衰期短的则随每个 token 变化。</translation>
    </message>
    <message>
        <source>Layer {0} keeps no memory of earlier tokens.</source>
        <translation>第 {0} 层不保留先前 token 的记忆。</translation>
    </message>
    <message>
        <source>layer {0}, head {1}, {2}</source>
        <translation>第 {0} 层，头 {1}，{2}</translation>
    </message>
    <message>
        <source>layer {0}, {1}</source>
        <translation>第 {0} 层，{1}</translation>
    </message>
    <message>
        <source>layer {0}</source>
        <translation>第 {0} 层</translation>
    </message>
    <message>
        <source>{0} {1}</source>
        <translation>{0} {1}</translation>
    </message>
    <message>
        <source>head {0}, {1} {2}, {3} {4}: {5}</source>
        <translation>头 {0}，{1} {2}，{3} {4}：{5}</translation>
    </message>
    <message>
        <source>{0} {1}, {2} {3}: {4}</source>
        <translation>{0} {1}，{2} {3}：{4}</translation>
    </message>
    <message>
        <source>{0} {1}: {2}</source>
        <translation>{0} {1}：{2}</translation>
    </message>
</context>
<context>
    <name>ModeSwitch</name>
    <message>
        <source>Chat</source>
        <translation>对话</translation>
    </message>
    <message>
        <source>Complete</source>
        <translation>续写</translation>
    </message>
    <message>
        <source>Write a text together: the model goes on from its end, nothing is added</source>
        <translation>共同写作：模型从文本末尾续写，不添加任何内容</translation>
    </message>
    <message>
        <source>Talk with the model in the form that it was trained on</source>
        <translation>按模型训练时的格式与它对话</translation>
    </message>
    <message>
        <source>No form of chat is known for this model. Use Complete instead.</source>
        <translation>此模型没有已知的对话格式，请改用“续写”。</translation>
    </message>
</context>
<context>
    <name>ModelList</name>
    <message>
        <source>Demo models and recent files</source>
        <translation>演示模型和最近的文件</translation>
    </message>
    <message>
        <source>Demo models</source>
        <translation>演示模型</translation>
    </message>
    <message>
        <source>bits per byte</source>
        <translation>比特/字节</translation>
    </message>
    <message>
        <source>Recent files</source>
        <translation>最近的文件</translation>
    </message>
    <message>
        <source>Ships with the program. Double click to load it.</source>
        <translation>随程序附带。双击即可加载。</translation>
    </message>
    <message>
        <source>How well it predicts tales that it has not seen, in bits per byte: less is better.</source>
        <translation>预测未见过的故事的能力，单位为比特/字节：越小越好。</translation>
    </message>
</context>
<context>
    <name>ModelPanel</name>
    <message>
        <source>Loading {0} …</source>
        <translation>正在加载 {0}…</translation>
    </message>
    <message>
        <source>Loading was cancelled.</source>
        <translation>已取消加载。</translation>
    </message>
    <message>
        <source>The model could not be loaded.</source>
        <translation>无法加载模型。</translation>
    </message>
    <message>
        <source>No model is open.</source>
        <translation>尚未打开模型。</translation>
    </message>
    <message>
        <source>{0}, {1} on {2}, loaded in {3} s</source>
        <translation>{0}，{1}，运行于 {2}，加载用时 {3} 秒</translation>
    </message>
    <message>
        <source>Open a model</source>
        <translation>打开模型</translation>
    </message>
    <message>
        <source>RWKV models (*.pth *.pt *.bin *.safetensors *.ckpt *.st)</source>
        <translation>RWKV 模型 (*.pth *.pt *.bin *.safetensors *.ckpt *.st)</translation>
    </message>
    <message>
        <source>All files (*)</source>
        <translation>所有文件 (*)</translation>
    </message>
    <message>
        <source>Open a model&apos;s folder</source>
        <translation>打开模型文件夹</translation>
    </message>
    <message>
        <source>Stopping …</source>
        <translation>正在停止…</translation>
    </message>
    <message>
        <source>Looking at {0} …</source>
        <translation>正在查看 {0}…</translation>
    </message>
    <message>
        <source>Loads as soon as the engine has started.</source>
        <translation>引擎启动后立即加载。</translation>
    </message>
    <message>
        <source>{0}, {1}/s, {2} s left</source>
        <translation>{0}，{1}/s，还需 {2} 秒</translation>
    </message>
    <message>
        <source>{0}, {1}/s, {2} min left</source>
        <translation>{0}，{1}/s，还需 {2} 分钟</translation>
    </message>
    <message>
        <source>The model that is open</source>
        <translation>已打开的模型</translation>
    </message>
    <message>
        <source>What is wrong with the chosen file</source>
        <translation>所选文件的问题</translation>
    </message>
    <message>
        <source>How loading goes</source>
        <translation>加载进展</translation>
    </message>
    <message>
        <source>Load</source>
        <translation>加载</translation>
    </message>
    <message>
        <source>Load the chosen model</source>
        <translation>加载所选模型</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>How much of the model is loaded</source>
        <translation>模型加载进度</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Cancel loading</source>
        <translation>取消加载</translation>
    </message>
</context>
<context>
    <name>NextToken</name>
    <message>
        <source>Next token</source>
        <translation>下一个 token</translation>
    </message>
    <message>
        <source>The likeliest next tokens: the wide pale bar is the model&apos;s own probability, the narrow strong one that with which the token is drawn after temperature, penalties and cuts. Typically one or two tokens lead inside a word and many share the start of a sentence; a token without a strong bar has been cut.</source>
        <translation>最可能的下一个 token：浅色宽条是模型自身给出的概率，深色窄条是经过温度、惩罚和截断后实际抽取的概率。通常单词内部由一两个 token 领先，句首则由许多 token 分享；没有深色条的 token 已被截断。</translation>
    </message>
    <message>
        <source>after “{0}”</source>
        <translation>“{0}”之后</translation>
    </message>
    <message>
        <source>model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>after sampling</source>
        <translation>采样后</translation>
    </message>
    <message>
        <source>probability, 0 to 1</source>
        <translation>概率，0 到 1</translation>
    </message>
    <message>
        <source>token number</source>
        <translation>token 编号</translation>
    </message>
    <message>
        <source>text</source>
        <translation>文本</translation>
    </message>
    <message>
        <source>probability under the model</source>
        <translation>模型概率</translation>
    </message>
    <message>
        <source>probability after sampling&apos;s cuts</source>
        <translation>采样截断后的概率</translation>
    </message>
</context>
<context>
    <name>Plot</name>
    <message>
        <source>layer</source>
        <translation>层</translation>
    </message>
    <message>
        <source>channel</source>
        <translation>通道</translation>
    </message>
    <message>
        <source>head</source>
        <translation>头</translation>
    </message>
    <message>
        <source>key</source>
        <translation>键</translation>
    </message>
    <message>
        <source>value</source>
        <translation>值</translation>
    </message>
    <message>
        <source>position</source>
        <translation>位置</translation>
    </message>
    <message>
        <source>feature</source>
        <translation>特征</translation>
    </message>
    <message>
        <source>distance</source>
        <translation>距离</translation>
    </message>
    <message>
        <source>{0} and {1}</source>
        <translation>{0}与{1}</translation>
    </message>
    <message>
        <source>layers</source>
        <translation>层</translation>
    </message>
    <message>
        <source>channels</source>
        <translation>通道</translation>
    </message>
    <message>
        <source>heads</source>
        <translation>头</translation>
    </message>
    <message>
        <source>positions</source>
        <translation>位置</translation>
    </message>
    <message>
        <source>value by {0}</source>
        <translation>各{0}的数值</translation>
    </message>
    <message>
        <source>magnitude by {0}</source>
        <translation>各{0}的绝对值</translation>
    </message>
    <message>
        <source>norm by {0} and {1}</source>
        <translation>各{0}、{1}的范数</translation>
    </message>
    <message>
        <source>norm by {0}</source>
        <translation>各{0}的范数</translation>
    </message>
    <message>
        <source>no decay</source>
        <translation>不衰减</translation>
    </message>
    <message>
        <source>over 1,000,000 tokens</source>
        <translation>1,000,000+ 个 token</translation>
    </message>
    <message>
        <source>{0} tokens</source>
        <translation>{0} 个 token</translation>
    </message>
    <message>
        <source>{0} %</source>
        <translation>{0}%</translation>
    </message>
</context>
<context>
    <name>PlotGrid</name>
    <message>
        <source>Preparing the plots …</source>
        <translation>正在准备图表…</translation>
    </message>
</context>
<context>
    <name>PlotPanel</name>
    <message>
        <source>plain numbers</source>
        <translation>纯数值</translation>
    </message>
    <message>
        <source>Drawn when the model next reads or writes.</source>
        <translation>模型下次读取或生成时绘制。</translation>
    </message>
    <message>
        <source>What is this?</source>
        <translation>这是什么？</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>暂停</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>导出</translation>
    </message>
    <message>
        <source>{0}: {1}</source>
        <translation>{0}：{1}</translation>
    </message>
    <message>
        <source>Open a model, and its memory is drawn here while it reads and writes.</source>
        <translation>打开模型后，它在读取和生成时的记忆会画在这里。</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>继续</translation>
    </message>
    <message>
        <source>Picture (PNG)…</source>
        <translation>图片（PNG）…</translation>
    </message>
    <message>
        <source>Numbers (CSV)…</source>
        <translation>数据（CSV）…</translation>
    </message>
    <message>
        <source>Save the picture</source>
        <translation>保存图片</translation>
    </message>
    <message>
        <source>PNG picture (*.png)</source>
        <translation>PNG 图片 (*.png)</translation>
    </message>
    <message>
        <source>Save the numbers</source>
        <translation>保存数据</translation>
    </message>
    <message>
        <source>CSV table (*.csv)</source>
        <translation>CSV 表格 (*.csv)</translation>
    </message>
    <message>
        <source>The picture cannot be written to {0}.</source>
        <translation>无法将图片写入 {0}。</translation>
    </message>
    <message>
        <source>The numbers cannot be written to {0}: {1}.</source>
        <translation>无法将数据写入 {0}：{1}。</translation>
    </message>
    <message>
        <source>model: {0} (RWKV {1})</source>
        <translation>模型：{0}（RWKV {1}）</translation>
    </message>
    <message>
        <source>tokens read: {0}</source>
        <translation>已读 token 数：{0}</translation>
    </message>
    <message>
        <source>unit: {0}</source>
        <translation>单位：{0}</translation>
    </message>
</context>
<context>
    <name>SamplingPanel</name>
    <message>
        <source>Sampling</source>
        <translation>采样</translation>
    </message>
    <message>
        <source>Reset</source>
        <translation>重置</translation>
    </message>
    <message>
        <source>Preset</source>
        <translation>预设</translation>
    </message>
    <message>
        <source>Reset to the preset</source>
        <translation>恢复为预设</translation>
    </message>
    <message>
        <source>Maximum length</source>
        <translation>最大长度</translation>
    </message>
    <message>
        <source>Stop texts</source>
        <translation>停止文本</translation>
    </message>
    <message>
        <source>Advanced</source>
        <translation>高级</translation>
    </message>
    <message>
        <source>The model stops when it has written this many tokens.</source>
        <translation>模型生成这么多 token 后停止。</translation>
    </message>
    <message>
        <source>The model stops where one of these begins. Commas stand between them; \n is a line end. They take the place of those of the chat&apos;s form.</source>
        <translation>模型在其中任一文本出现处停止。多个文本用英文逗号分隔，\n 表示换行。它们会取代对话格式自带的停止文本。</translation>
    </message>
    <message>
        <source>Go back to the preset. Length and stop texts stay as they are.</source>
        <translation>恢复为预设。长度和停止文本保持不变。</translation>
    </message>
    <message>
        <source>none</source>
        <translation>无</translation>
    </message>
    <message>
        <source>Source: {0}</source>
        <translation>来源：{0}</translation>
    </message>
    <message>
        <source>{0} (changed)</source>
        <translation>{0}（已修改）</translation>
    </message>
</context>
<context>
    <name>ScaleButton</name>
    <message>
        <source>Colour scale</source>
        <translation>色标</translation>
    </message>
    <message>
        <source>Held: grows with the largest value so far</source>
        <translation>保持：随目前的最大值扩大</translation>
    </message>
    <message>
        <source>Fixed</source>
        <translation>固定</translation>
    </message>
    <message>
        <source>Value at the end of the colours</source>
        <translation>色标末端的值</translation>
    </message>
    <message>
        <source>Colours end at</source>
        <translation>色标末端</translation>
    </message>
    <message>
        <source>Logarithmic colours</source>
        <translation>对数色标</translation>
    </message>
    <message>
        <source>Start the scale afresh</source>
        <translation>重置色标</translation>
    </message>
</context>
<context>
    <name>SeedField</name>
    <message>
        <source>New each time</source>
        <translation>每次更换</translation>
    </message>
    <message>
        <source>A new seed each time</source>
        <translation>每次使用新的种子</translation>
    </message>
    <message>
        <source>Use the last seed</source>
        <translation>使用上次的种子</translation>
    </message>
    <message>
        <source>Use the last seed: {0}</source>
        <translation>使用上次的种子：{0}</translation>
    </message>
</context>
<context>
    <name>SendOrStop</name>
    <message>
        <source>{0} ({1})</source>
        <translation>{0}（{1}）</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>正在停止…</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>Let the model stop after the present word (Esc)</source>
        <translation>让模型在当前词之后停止（Esc）</translation>
    </message>
</context>
<context>
    <name>StateMap</name>
    <message>
        <source>State field</source>
        <translation>状态字段</translation>
    </message>
    <message>
        <source>What is shown of the field</source>
        <translation>字段的显示内容</translation>
    </message>
    <message>
        <source>State map</source>
        <translation>状态图</translation>
    </message>
    <message>
        <source>Each row is a layer, each column a channel or head: the colour is how much is stored there after the last token. Typically a few channels stand out in every layer, and the map settles within some tens of tokens and then changes only in part with each token.</source>
        <translation>每行是一层，每列是一个通道或头：颜色表示最后一个 token 之后那里存了多少。通常每层都有少数通道格外突出，状态图在几十个 token 内趋于稳定，之后每个 token 只改变其中一部分。</translation>
    </message>
    <message>
        <source>{0}: {1}</source>
        <translation>{0}：{1}</translation>
    </message>
    <message>
        <source>This model keeps no state in its layers.</source>
        <translation>此模型的各层不保存状态。</translation>
    </message>
    <message>
        <source>{0}, {1}</source>
        <translation>{0}，{1}</translation>
    </message>
    <message>
        <source>layer {0} is picked; click to pick another</source>
        <translation>已选第 {0} 层；点击可选其他层</translation>
    </message>
    <message>
        <source>layer {0} has no {1}</source>
        <translation>第 {0} 层没有 {1}</translation>
    </message>
    <message>
        <source>layer {0}, {1}: {2}</source>
        <translation>第 {0} 层，{1}：{2}</translation>
    </message>
    <message>
        <source>{0} {1}</source>
        <translation>{0} {1}</translation>
    </message>
    <message>
        <source>{0} {1}, {2} {3}</source>
        <translation>{0} {1}，{2} {3}</translation>
    </message>
</context>
<context>
    <name>TokensField</name>
    <message>
        <source>none</source>
        <translation>无</translation>
    </message>
    <message>
        <source>What is wrong with the token ids</source>
        <translation>token 编号的问题</translation>
    </message>
    <message>
        <source>Write token ids, numbers of 0 or more, with commas between them.</source>
        <translation>请输入 token 编号（不小于 0 的整数），用英文逗号分隔。</translation>
    </message>
    <message>
        <source>The model&apos;s token ids end at {0}.</source>
        <translation>此模型的 token 编号最大为 {0}。</translation>
    </message>
</context>
<context>
    <name>Transcript</name>
    <message>
        <source>You</source>
        <translation>你</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Copy selection</source>
        <translation>复制所选内容</translation>
    </message>
    <message>
        <source>Copy message</source>
        <translation>复制消息</translation>
    </message>
    <message>
        <source>Copy everything</source>
        <translation>复制全部</translation>
    </message>
    <message>
        <source>Select everything</source>
        <translation>全选</translation>
    </message>
</context>
<context>
    <name>VersionCard</name>
    <message>
        <source>What the chosen file is</source>
        <translation>所选文件的信息</translation>
    </message>
    <message>
        <source>Copy what the card says</source>
        <translation>复制卡片内容</translation>
    </message>
    <message>
        <source>Recognised by</source>
        <translation>识别依据</translation>
    </message>
    <message>
        <source>Notes</source>
        <translation>说明</translation>
    </message>
    <message>
        <source>none</source>
        <translation>无</translation>
    </message>
    <message>
        <source>{0} × {1} channels</source>
        <translation>{0} × {1} 通道</translation>
    </message>
    <message>
        <source>{0}, complete ({1})</source>
        <translation>{0}，完整（{1}）</translation>
    </message>
    <message>
        <source>File</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>大小</translation>
    </message>
    <message>
        <source>Variant</source>
        <translation>变体</translation>
    </message>
    <message>
        <source>Parameters</source>
        <translation>参数量</translation>
    </message>
    <message>
        <source>Stored as</source>
        <translation>存储精度</translation>
    </message>
    <message>
        <source>Layers</source>
        <translation>层数</translation>
    </message>
    <message>
        <source>Width</source>
        <translation>宽度</translation>
    </message>
    <message>
        <source>Heads</source>
        <translation>头数</translation>
    </message>
    <message>
        <source>Vocabulary</source>
        <translation>词表</translation>
    </message>
    <message>
        <source>Context</source>
        <translation>上下文</translation>
    </message>
    <message>
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message>
        <source>{0} channels</source>
        <translation>{0} 通道</translation>
    </message>
    <message>
        <source>{0} tokens</source>
        <translation>{0} 个 token</translation>
    </message>
    <message>
        <source>no limit</source>
        <translation>无限制</translation>
    </message>
    <message>
        <source>{0}, however long the text</source>
        <translation>{0}，与文本长度无关</translation>
    </message>
    <message>
        <source>{0} when the context is full</source>
        <translation>上下文满时 {0}</translation>
    </message>
    <message>
        <source>none found</source>
        <translation>未找到</translation>
    </message>
    <message>
        <source>Tokenizer: {0}</source>
        <translation>分词器：{0}</translation>
    </message>
    <message>
        <source>Memory needed</source>
        <translation>所需内存</translation>
    </message>
    <message>
        <source>Memory needed, {0} free</source>
        <translation>所需内存，可用 {0}</translation>
    </message>
    <message>
        <source>{0} ✓ fits</source>
        <translation>{0} ✓ 足够</translation>
    </message>
    <message>
        <source>{0} ✗ too large</source>
        <translation>{0} ✗ 不足</translation>
    </message>
    <message>
        <source>There is not enough free memory for this model. Close other programs, or open it on a larger computer.</source>
        <translation>可用内存不足以打开此模型。请关闭其他程序，或换用内存更大的计算机。</translation>
    </message>
    <message>
        <source>Too large for the free memory: {0}. Choose {1} instead.</source>
        <translation>超出可用内存：{0}。请改选 {1}。</translation>
    </message>
    <message>
        <source>{0} billion</source>
        <translation>{0}B</translation>
    </message>
    <message>
        <source>{0} million</source>
        <translation>{0}M</translation>
    </message>
</context>
<context>
    <name>Welcome</name>
    <message>
        <source>Three things to try</source>
        <translation>可以试试这三件事</translation>
    </message>
    <message>
        <source>A small model tells a tale, and beside it you see its memory change with every word.</source>
        <translation>让一个小模型讲故事，旁边可以看到它的记忆随每个词变化。</translation>
    </message>
    <message>
        <source>Let RWKV-6 go on with a tale</source>
        <translation>让 RWKV-6 续写故事</translation>
    </message>
    <message>
        <source>Some channels of a model forget within a few words, others keep what they have read for pages.</source>
        <translation>模型的有些通道几个词就忘，有些则能把读过的内容记住好几页。</translation>
    </message>
    <message>
        <source>Compare how fast layers forget</source>
        <translation>比较各层遗忘的快慢</translation>
    </message>
    <message>
        <source>Any RWKV file of versions 1 to 7 tells what it is before you load it.</source>
        <translation>第 1 至 7 版的任何 RWKV 模型文件，加载前就能看到它是什么。</translation>
    </message>
    <message>
        <source>Open your own model</source>
        <translation>打开自己的模型</translation>
    </message>
</context>
<context>
    <name>_Outlived</name>
    <message>
        <source>outlive (tokens)</source>
        <translation>长于（token）</translation>
    </message>
    <message>
        <source>layer {0}</source>
        <translation>第 {0} 层</translation>
    </message>
    <message>
        <source>all layers</source>
        <translation>所有层</translation>
    </message>
    <message>
        <source>How many {0} still keep half of what they stored after 10, 100 and 1,000 tokens</source>
        <translation>有多少{0}在 10、100 和 1,000 个 token 之后仍保留一半以上</translation>
    </message>
</context>
</TS>
