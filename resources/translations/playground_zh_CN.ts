<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN">
<context>
    <name>AblatePage</name>
    <message>
        <source>Take memories away</source>
        <translation>移除记忆</translation>
    </message>
    <message>
        <source>each head by itself</source>
        <translation>逐头</translation>
    </message>
    <message>
        <source>Where in the text the memory is emptied</source>
        <translation>在文本何处清空记忆</translation>
    </message>
    <message>
        <source>at {0} % of the text</source>
        <translation>文本 {0}% 处</translation>
    </message>
    <message>
        <source>How often the memory is emptied</source>
        <translation>清空记忆的频率</translation>
    </message>
    <message>
        <source>once</source>
        <translation>一次</translation>
    </message>
    <message>
        <source>before every 8 words</source>
        <translation>每 8 个词之前</translation>
    </message>
    <message>
        <source>before every word</source>
        <translation>每个词之前</translation>
    </message>
</context>
<context>
    <name>AblationPlot</name>
    <message>
        <source>What is lost without a memory</source>
        <translation>失去记忆的代价</translation>
    </message>
    <message>
        <source>Each layer&apos;s memory is emptied in turn at the cut, and the rest of the text is read: the bar is how much worse it is then foreseen. Typically one or two layers matter far more than the rest, and some do not matter at all.</source>
        <translation>在切分处依次清空每一层的记忆，再读完其余文本：条形表示预测因此变差多少。通常有一两层远比其余层重要，有些层则毫无影响。</translation>
    </message>
    <message>
        <source>Take each away</source>
        <translation>逐个移除</translation>
    </message>
</context>
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
        <source>Each column is a token, each row a layer: the colour is how much that token changed the layer&apos;s memory, as a part of its size (1: as large as the memory itself). Typically the first tokens change everything, then each one changes a tenth to a half, and rare words or a new sentence stand out; grey columns are not known, since a prompt is read many tokens at once and nothing is measured while this plot cannot be seen: going to such a token with the slider fills its column in.</source>
        <translation>每列是一个 token，每行是一层：颜色表示该 token 使这一层的记忆改变了多少，以记忆自身的大小为单位（1 表示与记忆本身一样大）。通常最初几个 token 会改变一切，之后每个 token 改变十分之一到一半，生僻词或新句子会格外突出；灰色的列尚不清楚，因为提示文本是许多 token 一起读入的，而且看不到此图时也不测量：用滑块移到该 token 即可补上。</translation>
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
    <name>AlternativeRow</name>
    <message>
        <source>{0}, {1}: the token that stands here</source>
        <translation>{0}，{1}：此处的 token</translation>
    </message>
    <message>
        <source>Continue with {0}, {1}</source>
        <translation>以 {0} 继续，{1}</translation>
    </message>
</context>
<context>
    <name>AnalysisPart</name>
    <message>
        <source>Lens</source>
        <translation>透镜</translation>
    </message>
    <message>
        <source>Influence</source>
        <translation>影响</translation>
    </message>
    <message>
        <source>Lab</source>
        <translation>实验室</translation>
    </message>
    <message>
        <source>state edited</source>
        <translation>状态已编辑</translation>
    </message>
    <message>
        <source>The memory was changed in the Lab; there, Undo takes it back.</source>
        <translation>记忆已在“实验室”中改动，可在那里撤销。</translation>
    </message>
    <message>
        <source>Guided tour</source>
        <translation>导览</translation>
    </message>
</context>
<context>
    <name>AnswerPanel</name>
    <message>
        <source>Computing …</source>
        <translation>正在计算…</translation>
    </message>
    <message>
        <source>The memory was edited after token {0}: nothing before that is shown.</source>
        <translation>记忆在第 {0} 个 token 之后被编辑过：此前的内容不显示。</translation>
    </message>
    <message>
        <source>Let the model read or write a text, and this is drawn of it.</source>
        <translation>让模型读取或生成一段文本，结果会画在这里。</translation>
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
    <name>BenchmarkChart</name>
    <message>
        <source>tokens a second</source>
        <translation>token/s</translation>
    </message>
</context>
<context>
    <name>BenchmarkDialog</name>
    <message>
        <source>Benchmark</source>
        <translation>基准测试</translation>
    </message>
    <message>
        <source>Measure</source>
        <translation>测量</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>Copy as text</source>
        <translation>复制为文本</translation>
    </message>
    <message>
        <source>Writing: median and spread; dotted: the memory&apos;s limit</source>
        <translation>生成：中位数与离散范围；点线：内存带宽上限</translation>
    </message>
    <message>
        <source>Reading a prompt: median and spread</source>
        <translation>读取提示词：中位数与离散范围</translation>
    </message>
    <message>
        <source>Stop measuring</source>
        <translation>停止测量</translation>
    </message>
    <message>
        <source>Copy the table as text</source>
        <translation>将表格复制为文本</translation>
    </message>
    <message>
        <source>How far the measuring is</source>
        <translation>测量进度</translation>
    </message>
    <message>
        <source>What was measured</source>
        <translation>测量结果</translation>
    </message>
    <message>
        <source>Precision</source>
        <translation>精度</translation>
    </message>
    <message>
        <source>Threads</source>
        <translation>线程数</translation>
    </message>
    <message>
        <source>precision × threads</source>
        <translation>精度 × 线程数</translation>
    </message>
    <message>
        <source>writing (tokens/s)</source>
        <translation>生成（token/s）</translation>
    </message>
    <message>
        <source>of the limit</source>
        <translation>占上限</translation>
    </message>
    <message>
        <source>reading (tokens/s)</source>
        <translation>读取（token/s）</translation>
    </message>
    <message>
        <source>load (s)</source>
        <translation>加载（秒）</translation>
    </message>
    <message>
        <source>weights</source>
        <translation>权重</translation>
    </message>
    <message>
        <source>Measuring. Other programs that work meanwhile make the figures smaller.</source>
        <translation>正在测量。其他程序同时运行会使数值偏低。</translation>
    </message>
</context>
<context>
    <name>BenchmarkPart</name>
    <message>
        <source>Open a model first: the benchmark measures the one that is open.</source>
        <translation>请先打开模型：基准测试针对当前打开的模型。</translation>
    </message>
    <message>
        <source>RWKV-{0} {1} on {2}</source>
        <translation>RWKV-{0} {1}，运行于 {2}</translation>
    </message>
    <message>
        <source>Stopped.</source>
        <translation>已停止。</translation>
    </message>
    <message>
        <source>Done.</source>
        <translation>已完成。</translation>
    </message>
</context>
<context>
    <name>BranchPanel</name>
    <message>
        <source>Branches</source>
        <translation>分支</translation>
    </message>
    <message>
        <source>Tree of branches</source>
        <translation>分支树</translation>
    </message>
    <message>
        <source>Memory for going back</source>
        <translation>回退用内存</translation>
    </message>
    <message>
        <source>Fork here</source>
        <translation>在此分叉</translation>
    </message>
    <message>
        <source>A new branch that has the text up to here</source>
        <translation>新建分支，包含到此处为止的文本</translation>
    </message>
    <message>
        <source>Cut here</source>
        <translation>在此截断</translation>
    </message>
    <message>
        <source>Forget all after this place; this branch only</source>
        <translation>遗忘此处之后的全部内容，仅限此分支</translation>
    </message>
    <message>
        <source>Write again</source>
        <translation>重新生成</translation>
    </message>
    <message>
        <source>What the model wrote last once more, with another seed, in a new branch</source>
        <translation>换一个种子，在新分支中重新生成模型最近写的内容</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>重命名</translation>
    </message>
    <message>
        <source>Give this branch a name (F2)</source>
        <translation>为此分支命名 (F2)</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>删除</translation>
    </message>
    <message>
        <source>Forget this branch (Del)</source>
        <translation>删除此分支 (Del)</translation>
    </message>
    <message>
        <source>Branch</source>
        <translation>分支</translation>
    </message>
    <message>
        <source>From</source>
        <translation>分叉处</translation>
    </message>
    <message>
        <source>Tokens</source>
        <translation>token 数</translation>
    </message>
    <message>
        <source>{0} of {1} MB</source>
        <translation>{0}/{1} MB</translation>
    </message>
    <message>
        <source>Checkpoints of the state take {0} of {1} MB; {2} are kept of this branch. With more memory, going back to an old place is quicker. View → Memory for going back.</source>
        <translation>状态检查点占用 {0}/{1} MB，此分支保留了 {2} 个。内存越多，回到较早位置就越快。见“视图 → 回退用内存”。</translation>
    </message>
    <message>
        <source>{0} “{1}”</source>
        <translation>{0} “{1}”</translation>
    </message>
    <message>
        <source>First text</source>
        <translation>初始文本</translation>
    </message>
    <message>
        <source>Branch {0}</source>
        <translation>分支 {0}</translation>
    </message>
</context>
<context>
    <name>ChartView</name>
    <message>
        <source>{0}: {1} {2}</source>
        <translation>{0}：{1} {2}</translation>
    </message>
    <message>
        <source>{0}: {1}</source>
        <translation>{0}：{1}</translation>
    </message>
    <message>
        <source>at {0}: {1}</source>
        <translation>{0} 处：{1}</translation>
    </message>
</context>
<context>
    <name>Column</name>
    <message>
        <source>What {0} writes</source>
        <translation>{0} 生成的文本</translation>
    </message>
    <message>
        <source>Stop {0}</source>
        <translation>停止 {0}</translation>
    </message>
    <message>
        <source>More about {0}</source>
        <translation>{0} 的更多信息</translation>
    </message>
    <message>
        <source>Take {0} off the page</source>
        <translation>从页面移除 {0}</translation>
    </message>
    <message>
        <source>character {0}</source>
        <translation>字符 {0}</translation>
    </message>
    <message>
        <source> · {0} nats</source>
        <translation> · {0} nat</translation>
    </message>
    <message>
        <source>end, {0}</source>
        <translation>末尾，{0}</translation>
    </message>
    <message>
        <source>What went wrong</source>
        <translation>出错原因</translation>
    </message>
    <message>
        <source>Stop this model; the others go on</source>
        <translation>停止此模型，其他模型继续</translation>
    </message>
    <message>
        <source>Precision and device</source>
        <translation>精度与设备</translation>
    </message>
    <message>
        <source>Take this model off the page</source>
        <translation>从页面移除此模型</translation>
    </message>
    <message>
        <source>Precision</source>
        <translation>精度</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>设备</translation>
    </message>
</context>
<context>
    <name>Columns</name>
    <message>
        <source>Models side by side</source>
        <translation>并排的模型</translation>
    </message>
</context>
<context>
    <name>CompareCharts</name>
    <message>
        <source>Lower is better. It can be compared between models, whatever their tokenizers.</source>
        <translation>越低越好。无论使用何种分词器，模型之间均可比较。</translation>
    </message>
    <message>
        <source>Bits per byte on the text</source>
        <translation>文本的比特/字节</translation>
    </message>
    <message>
        <source>bits per byte</source>
        <translation>比特/字节</translation>
    </message>
    <message>
        <source>Mean loss by how many bytes were read since the state was fresh, in buckets that double. A line that falls says that more context helps.</source>
        <translation>从全新状态起按已读字节数统计的平均损失，区间逐个加倍。曲线下降说明更长的上下文有帮助。</translation>
    </message>
    <message>
        <source>Loss by position</source>
        <translation>各位置的损失</translation>
    </message>
    <message>
        <source>bytes read</source>
        <translation>已读字节数</translation>
    </message>
    <message>
        <source>The whole text, read in windows of so many tokens that begin with a fresh state.</source>
        <translation>按这么多 token 的窗口读取全文，每个窗口都从全新状态开始。</translation>
    </message>
    <message>
        <source>Does more context help?</source>
        <translation>更长的上下文有帮助吗？</translation>
    </message>
    <message>
        <source>context (tokens)</source>
        <translation>上下文（token）</translation>
    </message>
    <message>
        <source>Mean surprise in equal pieces of the text: peaks are hard to foresee.</source>
        <translation>文本等分后各段的平均意外度：峰值处难以预测。</translation>
    </message>
    <message>
        <source>Surprise along the text</source>
        <translation>文本各处的意外度</translation>
    </message>
    <message>
        <source>place in the text (bytes)</source>
        <translation>文本位置（字节）</translation>
    </message>
    <message>
        <source>nats per byte</source>
        <translation>nat/字节</translation>
    </message>
    <message>
        <source>A name is said once and due again after so many tokens: the bits that it costs less than if another name had been said. At 0 nothing is remembered.</source>
        <translation>某个名字说过一次，在这么多 token 之后应再次出现：与之前说的是另一个名字相比，它少花多少比特。0 表示什么也没记住。</translation>
    </message>
    <message>
        <source>How long a name is remembered</source>
        <translation>名字能记住多久</translation>
    </message>
    <message>
        <source>tokens between</source>
        <translation>间隔 token 数</translation>
    </message>
    <message>
        <source>bits saved</source>
        <translation>节省的比特</translation>
    </message>
    <message>
        <source>What a model must keep to go on: version 1 keeps something of every token, and ends where its room does.</source>
        <translation>模型继续运行必须保留的内容：第 1 版为每个 token 都保留一些，空间用完即止。</translation>
    </message>
    <message>
        <source>Size of the state</source>
        <translation>状态大小</translation>
    </message>
    <message>
        <source>tokens read</source>
        <translation>已读 token 数</translation>
    </message>
    <message>
        <source>kB</source>
        <translation>kB</translation>
    </message>
    <message>
        <source>Speed of reading a prompt</source>
        <translation>提示词读取速度</translation>
    </message>
    <message>
        <source>Speed of writing</source>
        <translation>生成速度</translation>
    </message>
    <message>
        <source>Median of several runs, on this machine and with this program.</source>
        <translation>在本机用本程序运行多次的中位数。</translation>
    </message>
    <message>
        <source>tokens per second</source>
        <translation>token/s</translation>
    </message>
    <message>
        <source>Share of all channels or heads that keep more than half for longer than so many tokens, by their decay alone. Version 1 has no decay.</source>
        <translation>仅按衰减计算，超过这么多 token 后仍保留一半以上的通道或头所占的比例。第 1 版没有衰减。</translation>
    </message>
    <message>
        <source>How fast memory fades</source>
        <translation>记忆衰减的快慢</translation>
    </message>
    <message>
        <source>half-life (tokens)</source>
        <translation>半衰期（token）</translation>
    </message>
    <message>
        <source>% that last longer</source>
        <translation>更持久者占比（%）</translation>
    </message>
</context>
<context>
    <name>CompareColumn</name>
    <message>
        <source>state {0}</source>
        <translation>状态 {0}</translation>
    </message>
    <message>
        <source>not loaded ({0})</source>
        <translation>未加载（{0}）</translation>
    </message>
    <message>
        <source>loading, {0} %</source>
        <translation>加载中，{0}%</translation>
    </message>
    <message>
        <source>reading, {0} of {1} tokens</source>
        <translation>读取中，{0}/{1} 个 token</translation>
    </message>
    <message>
        <source>has not written yet</source>
        <translation>尚未生成</translation>
    </message>
    <message>
        <source>reads {0}, writes {1} tok/s</source>
        <translation>读 {0}，写 {1} token/s</translation>
    </message>
    <message>
        <source>writing, {0} tokens</source>
        <translation>生成中，{0} 个 token</translation>
    </message>
    <message>
        <source>{0} tokens, {1}</source>
        <translation>{0} 个 token，{1}</translation>
    </message>
    <message>
        <source>end of text</source>
        <translation>文本结束</translation>
    </message>
    <message>
        <source>stop text</source>
        <translation>遇到停止文本</translation>
    </message>
    <message>
        <source>length reached</source>
        <translation>已达长度上限</translation>
    </message>
    <message>
        <source>context full</source>
        <translation>上下文已满</translation>
    </message>
    <message>
        <source>stopped</source>
        <translation>已停止</translation>
    </message>
    <message>
        <source>{0} layers of width {1}, {2} tokens in the vocabulary</source>
        <translation>{0} 层，宽度 {1}，词表 {2} 个 token</translation>
    </message>
</context>
<context>
    <name>ComparePage</name>
    <message>
        <source>Compare</source>
        <translation>对比</translation>
    </message>
    <message>
        <source>Ways to compare</source>
        <translation>对比方式</translation>
    </message>
    <message>
        <source>Write</source>
        <translation>生成</translation>
    </message>
    <message>
        <source>Measure</source>
        <translation>测量</translation>
    </message>
    <message>
        <source>What changed</source>
        <translation>版本差异</translation>
    </message>
    <message>
        <source>Report …</source>
        <translation>报告…</translation>
    </message>
    <message>
        <source>Write a report</source>
        <translation>生成报告</translation>
    </message>
    <message>
        <source>Write what is on this page into a folder, as HTML, Markdown, CSV and pictures</source>
        <translation>将本页内容以 HTML、Markdown、CSV 和图片写入一个文件夹</translation>
    </message>
    <message>
        <source>Compare two states</source>
        <translation>对比两个状态</translation>
    </message>
    <message>
        <source>First state</source>
        <translation>第一个状态</translation>
    </message>
    <message>
        <source>Second state</source>
        <translation>第二个状态</translation>
    </message>
    <message>
        <source>From</source>
        <translation>从</translation>
    </message>
    <message>
        <source>to</source>
        <translation>到</translation>
    </message>
    <message>
        <source>Take a snapshot, write on, and compare.</source>
        <translation>先拍快照，继续生成，再对比。</translation>
    </message>
    <message>
        <source>The next word differs by {0} nats (KL)</source>
        <translation>下一个词的差异为 {0} nat（KL）</translation>
    </message>
    <message>
        <source>The next word is the same after both states.</source>
        <translation>两个状态之后的下一个词相同。</translation>
    </message>
    <message>
        <source>Both read the text&apos;s last word before this.</source>
        <translation>在此之前，两者都读取了文本的最后一个词。</translation>
    </message>
</context>
<context>
    <name>ComparePart</name>
    <message>
        <source>The models begin when the conversation&apos;s text is written.</source>
        <translation>对话文本生成完毕后，这些模型才开始。</translation>
    </message>
    <message>
        <source>Folder for the report</source>
        <translation>报告文件夹</translation>
    </message>
    <message>
        <source>Report</source>
        <translation>报告</translation>
    </message>
    <message>
        <source>The report is written: {0} files.</source>
        <translation>报告已写入：{0} 个文件。</translation>
    </message>
    <message>
        <source>Open it</source>
        <translation>打开</translation>
    </message>
</context>
<context>
    <name>CompareTable</name>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Bits per byte</source>
        <translation>比特/字节</translation>
    </message>
    <message>
        <source>On the whole text; lower is better. Can be compared between all models.</source>
        <translation>对全文计算，越低越好。所有模型之间均可比较。</translation>
    </message>
    <message>
        <source>Nats per token</source>
        <translation>nat/token</translation>
    </message>
    <message>
        <source>Cannot be compared between models whose tokenizers differ.</source>
        <translation>分词器不同的模型之间不可比较。</translation>
    </message>
    <message>
        <source>Tokens</source>
        <translation>token 数</translation>
    </message>
    <message>
        <source>Into how many tokens this model&apos;s tokenizer cuts the text.</source>
        <translation>此模型的分词器把文本切成多少个 token。</translation>
    </message>
    <message>
        <source>Recall (bits)</source>
        <translation>回忆（比特）</translation>
    </message>
    <message>
        <source>Bits saved on a name that was said {0} tokens before.</source>
        <translation>对 {0} 个 token 之前说过的名字节省的比特。</translation>
    </message>
    <message>
        <source>Reads (tokens/s)</source>
        <translation>读取（token/s）</translation>
    </message>
    <message>
        <source>Reading a prompt in one go; median.</source>
        <translation>一次读完提示词；中位数。</translation>
    </message>
    <message>
        <source>Writes (tokens/s)</source>
        <translation>生成（token/s）</translation>
    </message>
    <message>
        <source>One token after the other; median.</source>
        <translation>逐个 token 生成；中位数。</translation>
    </message>
    <message>
        <source>Weights</source>
        <translation>权重</translation>
    </message>
    <message>
        <source>Memory that the weights take.</source>
        <translation>权重占用的内存。</translation>
    </message>
    <message>
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message>
        <source>Memory that the state takes after one token, and after as many as were looked at.</source>
        <translation>读取一个 token 之后、以及读完所考察的全部 token 之后状态占用的内存。</translation>
    </message>
    <message>
        <source>Remarks</source>
        <translation>备注</translation>
    </message>
    <message>
        <source>What did not work, and why.</source>
        <translation>哪些未成功，以及原因。</translation>
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
        <source>read {0} of {1} tokens</source>
        <translation>已读 {0}/{1} 个 token</translation>
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
        <source>State, slider and plots belong to Complete.</source>
        <translation>状态、滑块和图表属于“续写”。</translation>
    </message>
    <message>
        <source>State, slider and plots belong to the chat.</source>
        <translation>状态、滑块和图表属于“对话”。</translation>
    </message>
    <message>
        <source>The model reads your text.</source>
        <translation>模型正在读取文本。</translation>
    </message>
    <message>
        <source>The model goes on.</source>
        <translation>模型继续生成。</translation>
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
    <message>
        <source>Fork after this word</source>
        <translation>在此词后分叉</translation>
    </message>
    <message>
        <source>Cut the text after this word</source>
        <translation>在此词后截断文本</translation>
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
    <name>DifferenceBars</name>
    <message>
        <source>What the bars show</source>
        <translation>条形的含义</translation>
    </message>
    <message>
        <source>distance, relative</source>
        <translation>相对距离</translation>
    </message>
    <message>
        <source>cosine</source>
        <translation>余弦</translation>
    </message>
    <message>
        <source>Difference by layer</source>
        <translation>各层差异</translation>
    </message>
    <message>
        <source>How far the two states lie apart in each layer and field: distance over the size of both, or the cosine of the angle between them (1: the same direction). Typically the last layers differ most, and what the last word left differs more than the long memory.</source>
        <translation>两个状态在各层各字段上相差多少：距离与两者大小之比，或两者夹角的余弦（1 表示方向相同）。通常最后几层差异最大，最后一个词留下的内容比长期记忆差异更大。</translation>
    </message>
    <message>
        <source>relative</source>
        <translation>相对值</translation>
    </message>
    <message>
        <source>layer {0}: {1}</source>
        <translation>第 {0} 层：{1}</translation>
    </message>
    <message>
        <source>{0}, from “{1}” to “{2}”</source>
        <translation>{0}，从“{1}”到“{2}”</translation>
    </message>
    <message>
        <source>layer</source>
        <translation>层</translation>
    </message>
    <message>
        <source>field</source>
        <translation>字段</translation>
    </message>
    <message>
        <source>norm before</source>
        <translation>之前的范数</translation>
    </message>
    <message>
        <source>norm after</source>
        <translation>之后的范数</translation>
    </message>
    <message>
        <source>distance</source>
        <translation>距离</translation>
    </message>
</context>
<context>
    <name>DifferenceMap</name>
    <message>
        <source>State field</source>
        <translation>状态字段</translation>
    </message>
    <message>
        <source>Map of the difference</source>
        <translation>差异图</translation>
    </message>
    <message>
        <source>The second state minus the first, in one field: a row a layer, a column a channel or head. For matrices, how long each row of the difference is. Typically single channels stand out: what took up the difference.</source>
        <translation>第二个状态减去第一个状态在某个字段上的结果：每行一层，每列一个通道或头；对于矩阵，则是差值各行的长度。通常有个别通道格外突出，差异就记在那里。</translation>
    </message>
    <message>
        <source>No layer holds this field.</source>
        <translation>没有哪一层含有此字段。</translation>
    </message>
    <message>
        <source>layer {0}, {1} {2}: {3}</source>
        <translation>第 {0} 层，{1} {2}：{3}</translation>
    </message>
    <message>
        <source>{0}, from “{1}” to “{2}”</source>
        <translation>{0}，从“{1}”到“{2}”</translation>
    </message>
</context>
<context>
    <name>DifferencesTab</name>
    <message>
        <source>What changed</source>
        <translation>版本差异</translation>
    </message>
    <message>
        <source>What changed between the versions</source>
        <translation>各版本之间的差异</translation>
    </message>
    <message>
        <source>Read off the models&apos; own tensors. Underlined cells lead to the plot that shows it.</source>
        <translation>读自模型自身的张量。点击带下划线的单元格可查看相应图表。</translation>
    </message>
    <message>
        <source>Open the models</source>
        <translation>打开这些模型</translation>
    </message>
    <message>
        <source>This table is made from the models themselves, so they have to be open.</source>
        <translation>此表由模型本身得出，因此需要先打开它们。</translation>
    </message>
    <message>
        <source>Show the plot</source>
        <translation>显示图表</translation>
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
    <name>EditForm</name>
    <message>
        <source>Edit the memory</source>
        <translation>编辑记忆</translation>
    </message>
    <message>
        <source>What to do</source>
        <translation>操作</translation>
    </message>
    <message>
        <source>Zero: as before any word</source>
        <translation>清零：如同未读任何词</translation>
    </message>
    <message>
        <source>Scale: the past counts … times</source>
        <translation>缩放：过去的记忆乘以 …</translation>
    </message>
    <message>
        <source>Noise of … times its size</source>
        <translation>噪声：自身大小的 … 倍</translation>
    </message>
    <message>
        <source>Replace by a snapshot</source>
        <translation>替换为快照</translation>
    </message>
    <message>
        <source>Interpolate to a snapshot</source>
        <translation>向快照插值</translation>
    </message>
    <message>
        <source>How much</source>
        <translation>数值</translation>
    </message>
    <message>
        <source>The snapshot to take from</source>
        <translation>所用的快照</translation>
    </message>
    <message>
        <source>Layers</source>
        <translation>层</translation>
    </message>
    <message>
        <source>Heads</source>
        <translation>头</translation>
    </message>
    <message>
        <source>all</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>Fields</source>
        <translation>字段</translation>
    </message>
    <message>
        <source>Numbers and ranges, such as 0-3, 5; empty for all</source>
        <translation>编号或范围，例如 0-3, 5；留空表示全部</translation>
    </message>
    <message>
        <source>Apply</source>
        <translation>应用</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>撤销</translation>
    </message>
    <message>
        <source>Redo</source>
        <translation>重做</translation>
    </message>
    <message>
        <source>Edit: {0}</source>
        <translation>编辑：{0}</translation>
    </message>
    <message>
        <source>Do</source>
        <translation>操作</translation>
    </message>
    <message>
        <source>memory, without the last input</source>
        <translation>记忆，不含上一次输入</translation>
    </message>
    <message>
        <source>all fields</source>
        <translation>所有字段</translation>
    </message>
    <message>
        <source>Undone: the next word is as it was before the edit.</source>
        <translation>已撤销：下一个词与编辑之前相同。</translation>
    </message>
    <message>
        <source>The edit changed nothing: the next word is as before.</source>
        <translation>此次编辑没有改变什么：下一个词与之前相同。</translation>
    </message>
    <message>
        <source>This would change nothing: the next word stays as it is.</source>
        <translation>这不会改变什么：下一个词保持不变。</translation>
    </message>
    <message>
        <source>The edit changed the next word by {0} nats (KL)</source>
        <translation>此次编辑使下一个词改变了 {0} nat（KL）</translation>
    </message>
    <message>
        <source>This would change the next word by {0} nats (KL)</source>
        <translation>这会使下一个词改变 {0} nat（KL）</translation>
    </message>
    <message>
        <source>Layers are 0 to {0}, heads 0 to {1}; write 0-3, 5 or nothing.</source>
        <translation>层为 0 到 {0}，头为 0 到 {1}；请填写 0-3, 5 之类，或留空。</translation>
    </message>
    <message>
        <source>Take a snapshot first.</source>
        <translation>请先拍快照。</translation>
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
    <name>Exports</name>
    <message>
        <source>text, {0} tokens: {1}</source>
        <translation>文本，{0} 个 token：{1}</translation>
    </message>
    <message>
        <source>sampling: {0}</source>
        <translation>采样：{0}</translation>
    </message>
    <message>
        <source>{0} lines of Python were copied.</source>
        <translation>已复制 {0} 行 Python 代码。</translation>
    </message>
</context>
<context>
    <name>FlatBar</name>
    <message>
        <source>Colours, the same for every model</source>
        <translation>颜色，所有模型相同</translation>
    </message>
    <message>
        <source>logarithmic, four decades</source>
        <translation>对数，四个数量级</translation>
    </message>
    <message>
        <source>linear</source>
        <translation>线性</translation>
    </message>
    <message>
        <source>Equal colours are equal numbers in every column; {0}</source>
        <translation>各列中相同颜色表示相同数值；{0}</translation>
    </message>
    <message>
        <source> (log)</source>
        <translation>（对数）</translation>
    </message>
</context>
<context>
    <name>GivingUp</name>
    <message>
        <source>Clear all branches</source>
        <translation>清空所有分支</translation>
    </message>
    <message>
        <source>The conversation has {0} branches. Cleared, none of them can be brought back.</source>
        <translation>这段对话有 {0} 个分支。清空后都无法恢复。</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>清空</translation>
    </message>
    <message>
        <source>Open another model</source>
        <translation>打开另一个模型</translation>
    </message>
    <message>
        <source>Branches and snapshots belong to the model that is open, and go with it (branches: {0}, snapshots: {1}).</source>
        <translation>分支和快照属于当前打开的模型，会随之消失（分支：{0}，快照：{1}）。</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>打开</translation>
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
    <name>Influence</name>
    <message>
        <source>Layer</source>
        <translation>层</translation>
    </message>
    <message>
        <source>Head</source>
        <translation>头</translation>
    </message>
    <message>
        <source>What is shown of a token&apos;s influence</source>
        <translation>token 影响的显示内容</translation>
    </message>
    <message>
        <source>share of the read-out</source>
        <translation>读出占比</translation>
    </message>
    <message>
        <source>weight, with its sign</source>
        <translation>带符号的权重</translation>
    </message>
    <message>
        <source>How many tokens, counted from the end</source>
        <translation>从末尾数起的 token 数</translation>
    </message>
    <message>
        <source>last {0} tokens</source>
        <translation>最后 {0} 个 token</translation>
    </message>
    <message>
        <source>The text, with a bar under each word</source>
        <translation>文本，每个词下方有一个条形</translation>
    </message>
    <message>
        <source>Leave one out</source>
        <translation>逐个略去</translation>
    </message>
    <message>
        <source>Read the text again without each of its last {0} tokens: slow, but the truth</source>
        <translation>将最后 {0} 个 token 逐个去掉并重读文本：较慢，但结果真实</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>How many tokens have been left out</source>
        <translation>已略去的 token 数</translation>
    </message>
    <message>
        <source>Influence of earlier tokens</source>
        <translation>先前 token 的影响</translation>
    </message>
    <message>
        <source>The map: how much each token read (across) counts when the model looks into its memory at a later token (down). Under each word: how much it counts for what comes next. Typically the last few words weigh most, and single heads hold on to names and beginnings of sentences. Leaving each word out checks this by reading again; the rank correlation says how well the two agree on which words count most: 1 the same order, 0 no relation, −1 the opposite order.</source>
        <translation>图中：模型在之后的 token（纵向）查看记忆时，每个已读 token（横向）占多大分量。每个词下方：它对接下来的内容占多大分量。通常最后几个词分量最大，个别头会牢记名字和句首。“逐个略去”通过重读来验证；秩相关表示两者对哪些词分量最大的判断有多一致：1 为顺序相同，0 为没有关系，−1 为顺序相反。</translation>
    </message>
    <message>
        <source>all layers (mean)</source>
        <translation>所有层（均值）</translation>
    </message>
    <message>
        <source>layer {0}</source>
        <translation>第 {0} 层</translation>
    </message>
    <message>
        <source>all heads</source>
        <translation>所有头</translation>
    </message>
    <message>
        <source>head {0}</source>
        <translation>头 {0}</translation>
    </message>
    <message>
        <source>read token (number)</source>
        <translation>已读 token（序号）</translation>
    </message>
    <message>
        <source>reading token (number)</source>
        <translation>当前 token（序号）</translation>
    </message>
    <message>
        <source>Point at the map: it names both words.</source>
        <translation>将鼠标移到图上，即可看到对应的两个词。</translation>
    </message>
    <message>
        <source>share</source>
        <translation>占比</translation>
    </message>
    <message>
        <source>weight</source>
        <translation>权重</translation>
    </message>
    <message>
        <source>what the model takes from the word</source>
        <translation>模型从该词读取的量</translation>
    </message>
    <message>
        <source>what leaving it out changes</source>
        <translation>略去该词引起的变化</translation>
    </message>
    <message>
        <source>Under each word: {0} (logarithmic, full bar {1})</source>
        <translation>各词下方：{0}（对数，满条为 {1}）</translation>
    </message>
    <message>
        <source>“{0}”, token {1}: {2} of {3}</source>
        <translation>“{0}”，第 {1} 个 token：{2}，{3}</translation>
    </message>
    <message>
        <source>left out: {0} nats</source>
        <translation>略去后：{0} nat</translation>
    </message>
    <message>
        <source>what counts for the next word, all layers</source>
        <translation>对下一个词的影响，所有层</translation>
    </message>
    <message>
        <source>what layer {0} reads</source>
        <translation>第 {0} 层的读出</translation>
    </message>
    <message>
        <source>what layer {0}, head {1} reads</source>
        <translation>第 {0} 层头 {1} 的读出</translation>
    </message>
    <message>
        <source>Rank correlation with leaving out, over {0} tokens: {1}</source>
        <translation>与逐个略去的秩相关（{0} 个 token）：{1}</translation>
    </message>
    <message>
        <source>A token cannot look ahead.</source>
        <translation>token 看不到后文。</translation>
    </message>
    <message>
        <source>At token {0} “{1}”, token {2} “{3}” counts {4}</source>
        <translation>在第 {0} 个 token“{1}”处，第 {2} 个 token“{3}”的分量为 {4}</translation>
    </message>
    <message>
        <source>tokens {0} to {1}</source>
        <translation>第 {0} 至 {1} 个 token</translation>
    </message>
    <message>
        <source>share of the read-out, 0 to 1</source>
        <translation>读出占比，0 到 1</translation>
    </message>
    <message>
        <source>reading token</source>
        <translation>当前 token</translation>
    </message>
    <message>
        <source>word</source>
        <translation>词</translation>
    </message>
    <message>
        <source>for the next word</source>
        <translation>对下一个词</translation>
    </message>
    <message>
        <source>left out, nats</source>
        <translation>略去后，nat</translation>
    </message>
</context>
<context>
    <name>Lab</name>
    <message>
        <source>State lab</source>
        <translation>状态实验室</translation>
    </message>
    <message>
        <source>What to do in the lab</source>
        <translation>实验内容</translation>
    </message>
    <message>
        <source>Edit</source>
        <translation>编辑</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>对比</translation>
    </message>
    <message>
        <source>Take away</source>
        <translation>移除</translation>
    </message>
    <message>
        <source>Who remembers?</source>
        <translation>谁记得？</translation>
    </message>
    <message>
        <source>Numbers</source>
        <translation>数值</translation>
    </message>
    <message>
        <source>present state</source>
        <translation>当前状态</translation>
    </message>
</context>
<context>
    <name>LabDesk</name>
    <message>
        <source>snapshot {0}</source>
        <translation>快照 {0}</translation>
    </message>
    <message>
        <source>Loss as it is: {0} nats a token, over {1} tokens. Without any layer&apos;s memory: {2}.</source>
        <translation>原损失：{0} nat/token，共 {1} 个 token。清空所有层的记忆后：{2}。</translation>
    </message>
    <message>
        <source>“{0}” comes with {1}; with “{2}” in the text, {3}; with all layers exchanged, {4}.</source>
        <translation>“{0}”的概率为 {1}；文中换成“{2}”时为 {3}；交换所有层时为 {4}。</translation>
    </message>
    <message>
        <source>The copy head&apos;s memory alone: {0} nats.</source>
        <translation>仅复制头的记忆：{0} nat。</translation>
    </message>
</context>
<context>
    <name>Lens</name>
    <message>
        <source>How many tokens, counted from the end</source>
        <translation>从末尾数起的 token 数</translation>
    </message>
    <message>
        <source>last {0} tokens</source>
        <translation>最后 {0} 个 token</translation>
    </message>
    <message>
        <source>What the colours show</source>
        <translation>颜色的含义</translation>
    </message>
    <message>
        <source>colour: probability of the word in the cell</source>
        <translation>颜色：格中词的概率</translation>
    </message>
    <message>
        <source>colour: probability of the word that followed</source>
        <translation>颜色：实际后续词的概率</translation>
    </message>
    <message>
        <source>colour: how undecided (entropy)</source>
        <translation>颜色：不确定程度（熵）</translation>
    </message>
    <message>
        <source>The likeliest words in the cell</source>
        <translation>格中最可能的词</translation>
    </message>
    <message>
        <source>Logit lens</source>
        <translation>Logit 透镜</translation>
    </message>
    <message>
        <source>What the model would say next if it stopped after each layer: a row a layer, a column a token; above it the word that was read, below it the one that followed, and a green line under each cell that foresaw it. Typically the first layers guess at words alone, and the answer appears within the last third.</source>
        <translation>若模型在某一层之后停下，它接下来会说什么：每行一层，每列一个 token；上方是读到的词，下方是实际后续的词，预测正确的格子下有绿线。通常浅层只是按词猜测，答案出现在最后三分之一的层中。</translation>
    </message>
    <message>
        <source>Click a cell to go to that token.</source>
        <translation>点击格子可转到该 token。</translation>
    </message>
    <message>
        <source>model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>fraction</source>
        <translation>比例</translation>
    </message>
    <message>
        <source>nats</source>
        <translation>nat</translation>
    </message>
    <message>
        <source>After token {0} “{1}”, layer {2}</source>
        <translation>第 {0} 个 token“{1}”之后，第 {2} 层</translation>
    </message>
    <message>
        <source>entropy {0} nats</source>
        <translation>熵 {0} nat</translation>
    </message>
    <message>
        <source>“{0}” followed: rank {1}, {2}</source>
        <translation>后续为“{0}”：排名 {1}，{2}</translation>
    </message>
    <message>
        <source>tokens {0} to {1}</source>
        <translation>第 {0} 至 {1} 个 token</translation>
    </message>
    <message>
        <source>probability, 0 to 1; entropy in nats</source>
        <translation>概率，0 到 1；熵以 nat 计</translation>
    </message>
    <message>
        <source>layer</source>
        <translation>层</translation>
    </message>
    <message>
        <source>token number</source>
        <translation>token 序号</translation>
    </message>
    <message>
        <source>read</source>
        <translation>已读</translation>
    </message>
    <message>
        <source>rank of the word that followed</source>
        <translation>后续词的排名</translation>
    </message>
    <message>
        <source>its probability</source>
        <translation>其概率</translation>
    </message>
    <message>
        <source>entropy</source>
        <translation>熵</translation>
    </message>
    <message>
        <source>word {0}</source>
        <translation>词 {0}</translation>
    </message>
    <message>
        <source>probability {0}</source>
        <translation>概率 {0}</translation>
    </message>
</context>
<context>
    <name>LensGrid</name>
    <message>
        <source>model</source>
        <translation>模型</translation>
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
        <source>{0}, {1}, {2} % bits</source>
        <translation>{0}，{1}，比特 {2}%</translation>
    </message>
    <message>
        <source>{0}, {1} ✗</source>
        <translation>{0}，{1} ✗</translation>
    </message>
    <message>
        <source>On the RWKV-{0} demo model: {1} % bits per byte against float32. Larger models usually lose less.</source>
        <translation>在 RWKV-{0} 演示模型上：与 float32 相比，比特/字节变化 {1}%。较大的模型通常损失更小。</translation>
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
        <source>1 byte a weight: a quarter of the memory and the fastest; the text is as good as one can tell.</source>
        <translation>每个权重 1 字节：内存为四分之一，速度最快；文本质量几乎看不出差别。</translation>
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
        <source>Exact as long as this computer writes faster with it than one reads; else the fastest of 16 bits and int8.</source>
        <translation>只要本机的生成速度仍快于人的阅读速度，就使用精确权重；否则使用 16 位与 int8 中最快的一种。</translation>
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
        <source>Ways to look into the model</source>
        <translation>查看模型的方式</translation>
    </message>
    <message>
        <source>State</source>
        <translation>状态</translation>
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
        <source>{0} – RWKV Playground</source>
        <translation>{0} – RWKV Playground</translation>
    </message>
    <message>
        <source>The demo models are missing from this installation.</source>
        <translation>此安装缺少演示模型。</translation>
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
        <source>{0} MB</source>
        <translation>{0} MB</translation>
    </message>
    <message>
        <source>Memory for going back</source>
        <translation>回退用内存</translation>
    </message>
    <message>
        <source>Three things to try</source>
        <translation>可以试试这三件事</translation>
    </message>
    <message>
        <source>Benchmark of the open model …</source>
        <translation>当前模型的基准测试…</translation>
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
        <source>Licence: Apache-2.0. Icons: Lucide (ISC). Log file: {0}</source>
        <translation>许可证：Apache-2.0。图标：Lucide（ISC）。日志文件：{0}</translation>
    </message>
    <message>
        <source>none</source>
        <translation>无</translation>
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
        <source>Memory: {0} MB</source>
        <translation>内存：{0} MB</translation>
    </message>
</context>
<context>
    <name>MeasureSetup</name>
    <message>
        <source>How far the state is carried</source>
        <translation>状态的延续方式</translation>
    </message>
    <message>
        <source>Fresh state every 512 tokens</source>
        <translation>每 512 个 token 重置状态</translation>
    </message>
    <message>
        <source>Fresh state every 128 tokens</source>
        <translation>每 128 个 token 重置状态</translation>
    </message>
    <message>
        <source>State carried through the text</source>
        <translation>状态贯穿全文</translation>
    </message>
    <message>
        <source>Measure</source>
        <translation>测量</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>Measure all models</source>
        <translation>测量所有模型</translation>
    </message>
    <message>
        <source>Stop measuring</source>
        <translation>停止测量</translation>
    </message>
    <message>
        <source>How far the measuring is</source>
        <translation>测量进度</translation>
    </message>
    <message>
        <source>Loss per token cannot be compared between models whose tokenizers cut the text differently: whoever cuts it into fewer tokens has more to foresee in each. Bits per byte can: the bytes are the same for all.</source>
        <translation>分词器切分方式不同的模型之间，每 token 损失不可比较：切得越少，每个 token 要预测的内容就越多。比特/字节则可以比较：所有模型的字节都相同。</translation>
    </message>
    <message>
        <source>Run the chosen measures on every model of the page</source>
        <translation>对本页所有模型运行所选测量</translation>
    </message>
    <message>
        <source>Something else is running on this page</source>
        <translation>本页正在运行其他任务</translation>
    </message>
    <message>
        <source>Add at least {0} models</source>
        <translation>请至少添加 {0} 个模型</translation>
    </message>
    <message>
        <source>Choose at least one measure</source>
        <translation>请至少选择一项测量</translation>
    </message>
    <message>
        <source>There is no text yet</source>
        <translation>还没有文本</translation>
    </message>
</context>
<context>
    <name>MeasureTab</name>
    <message>
        <source>Measure</source>
        <translation>测量</translation>
    </message>
    <message>
        <source>What is measured appears here: a table and charts, model by model.</source>
        <translation>测量结果显示在这里：逐个模型的表格和图表。</translation>
    </message>
    <message>
        <source>loading</source>
        <translation>加载</translation>
    </message>
    <message>
        <source>{0} ({1} of {2}): {3}, {4} %</source>
        <translation>{0}（{1}/{2}）：{3}，{4}%</translation>
    </message>
    <message>
        <source>What was measured of every model</source>
        <translation>各模型的测量结果</translation>
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
    <name>ModelAdder</name>
    <message>
        <source>Add a model</source>
        <translation>添加模型</translation>
    </message>
    <message>
        <source>Up to {0} models stand side by side</source>
        <translation>最多并排 {0} 个模型</translation>
    </message>
    <message>
        <source>From a file …</source>
        <translation>从文件…</translation>
    </message>
    <message>
        <source>Checkpoints (*.pth *.safetensors)</source>
        <translation>模型文件 (*.pth *.safetensors)</translation>
    </message>
    <message>
        <source>All files (*)</source>
        <translation>所有文件 (*)</translation>
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
    <message>
        <source>{0}, open</source>
        <translation>{0}，已打开</translation>
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
        <translation>最可能的下一个 token：淡色宽条是模型自身给出的概率，醒目的窄条是经过温度、惩罚和截断后实际抽取的概率。通常单词内部由一两个 token 领先，句首则由许多 token 分享；没有窄条的 token 已被截断。</translation>
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
    <name>NextWordPanel</name>
    <message>
        <source>Words whose probability changes most</source>
        <translation>概率变化最大的词</translation>
    </message>
    <message>
        <source>Likeliest stays “{0}”: {1} before, {2} after.</source>
        <translation>最可能的仍是“{0}”：之前 {1}，之后 {2}。</translation>
    </message>
    <message>
        <source>Likeliest was “{0}” ({1}), becomes “{2}” ({3}).</source>
        <translation>最可能的由“{0}”（{1}）变为“{2}”（{3}）。</translation>
    </message>
    <message>
        <source>Pale bars: before; strong: after.</source>
        <translation>宽条：之前；窄条：之后。</translation>
    </message>
    <message>
        <source>Likeliest is “{0}” ({1}).</source>
        <translation>最可能的是“{0}”（{1}）。</translation>
    </message>
</context>
<context>
    <name>Numbers</name>
    <message>
        <source>Numbers of the state</source>
        <translation>状态的数值</translation>
    </message>
    <message>
        <source>For each layer: how large its fields are, how many directions its matrices use (effective rank, versions 5 to 7), how far few numbers rule, and how many channels keep more than half for longer than so many tokens. Typically the rank rises for some tens of tokens and then stays, and later layers remember longer.</source>
        <translation>每一层的：各字段的大小、矩阵用到多少个方向（有效秩，第 5 至 7 版）、数值集中于少数的程度，以及超过这么多 token 后仍保留一半以上的通道数。通常秩在几十个 token 内上升，之后保持不变，深层记得更久。</translation>
    </message>
    <message>
        <source>layer</source>
        <translation>层</translation>
    </message>
    <message>
        <source>conc.</source>
        <translation>集中度</translation>
    </message>
    <message>
        <source>Concentration: {0}</source>
        <translation>集中度：{0}</translation>
    </message>
    <message>
        <source>|{0}|</source>
        <translation>|{0}|</translation>
    </message>
    <message>
        <source>norm of {0}</source>
        <translation>{0} 的范数</translation>
    </message>
    <message>
        <source>effective rank of head {0}: e to the entropy of its normalised singular values</source>
        <translation>头 {0} 的有效秩：e 的（归一化奇异值的熵）次方</translation>
    </message>
    <message>
        <source>rank {0}</source>
        <translation>秩 {0}</translation>
    </message>
    <message>
        <source>channels that keep more than half for longer than {0} tokens, of {1}</source>
        <translation>超过 {0} 个 token 后仍保留一半以上的通道数，共 {1} 个</translation>
    </message>
    <message>
        <source>norms: plain numbers; &gt; n: channels</source>
        <translation>范数：纯数值；&gt; n：通道数</translation>
    </message>
</context>
<context>
    <name>PackedWeights</name>
    <message>
        <source>Models in int8 or int4 load faster from them; they are made anew when needed.</source>
        <translation>int8 或 int4 模型借助它们加载更快；需要时会重新生成。</translation>
    </message>
    <message>
        <source>Remove packed weights</source>
        <translation>删除打包权重</translation>
    </message>
    <message>
        <source>Remove packed weights ({0} on disk)</source>
        <translation>删除打包权重（占磁盘 {0}）</translation>
    </message>
    <message>
        <source>Remove packed weights (none on disk)</source>
        <translation>删除打包权重（磁盘上没有）</translation>
    </message>
    <message>
        <source>{0} of packed weights were removed.</source>
        <translation>已删除 {0} 打包权重。</translation>
    </message>
</context>
<context>
    <name>PageSwitch</name>
    <message>
        <source>Page</source>
        <translation>页面</translation>
    </message>
    <message>
        <source>Chat</source>
        <translation>对话</translation>
    </message>
    <message>
        <source>The conversation alone (Ctrl+1)</source>
        <translation>仅对话 (Ctrl+1)</translation>
    </message>
    <message>
        <source>Inspect</source>
        <translation>检视</translation>
    </message>
    <message>
        <source>The conversation, and what the model remembers (Ctrl+2)</source>
        <translation>对话，以及模型记住的内容 (Ctrl+2)</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>对比</translation>
    </message>
    <message>
        <source>Several models side by side (Ctrl+3)</source>
        <translation>多个模型并排对比 (Ctrl+3)</translation>
    </message>
</context>
<context>
    <name>PageTurner</name>
    <message>
        <source>Chat</source>
        <translation>对话</translation>
    </message>
    <message>
        <source>Inspect</source>
        <translation>检视</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>对比</translation>
    </message>
    <message>
        <source>Pages</source>
        <translation>页面</translation>
    </message>
</context>
<context>
    <name>PatchPage</name>
    <message>
        <source>Find who remembers a word</source>
        <translation>查找谁记得某个词</translation>
    </message>
    <message>
        <source>Word of the text</source>
        <translation>文中的词</translation>
    </message>
    <message>
        <source>Word to put in its place</source>
        <translation>替换成的词</translation>
    </message>
    <message>
        <source>Word whose probability is watched</source>
        <translation>观察其概率的词</translation>
    </message>
    <message>
        <source>the same word</source>
        <translation>同一个词</translation>
    </message>
    <message>
        <source>each head by itself</source>
        <translation>逐头</translation>
    </message>
    <message>
        <source>replaced by</source>
        <translation>替换为</translation>
    </message>
    <message>
        <source>Word in the text</source>
        <translation>文中的词</translation>
    </message>
    <message>
        <source>Watch</source>
        <translation>观察</translation>
    </message>
</context>
<context>
    <name>PatchPlot</name>
    <message>
        <source>Who remembers a word?</source>
        <translation>谁记得这个词？</translation>
    </message>
    <message>
        <source>taken out of this text</source>
        <translation>从本文移除</translation>
    </message>
    <message>
        <source>put into the other text</source>
        <translation>放入另一文本</translation>
    </message>
    <message>
        <source>The text is read twice, once with another word in place of one of its own; then each layer&apos;s memory of the other reading is put into this one in turn (far below zero: only that layer held the word), and its own into the other reading (far above zero: that layer alone is enough). Let the text end where the word is due again.</source>
        <translation>文本读两遍，其中一遍把某个词换成另一个词；然后依次把每一层在另一遍中的记忆放入本遍（远低于零：只有该层记住了这个词），再把本遍的记忆放入另一遍（远高于零：仅该层就已足够）。请让文本恰好在该词应再次出现之处结束。</translation>
    </message>
    <message>
        <source>Write a word of the text above and another one to put in its place, and press “{0}”.</source>
        <translation>请在上方填写文中的一个词和用来替换它的另一个词，然后点击“{0}”。</translation>
    </message>
    <message>
        <source>Find the layer</source>
        <translation>查找该层</translation>
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
    <name>PlotChoice</name>
    <message>
        <source>Plot under every model</source>
        <translation>各模型下方的图表</translation>
    </message>
    <message>
        <source>State field</source>
        <translation>状态字段</translation>
    </message>
    <message>
        <source>Layer, the same for every model</source>
        <translation>层，所有模型相同</translation>
    </message>
    <message>
        <source>Head, the same for every model</source>
        <translation>头，所有模型相同</translation>
    </message>
    <message>
        <source>Surprise</source>
        <translation>意外度</translation>
    </message>
    <message>
        <source>State map</source>
        <translation>状态图</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>记忆</translation>
    </message>
    <message>
        <source>Decay curves</source>
        <translation>衰减曲线</translation>
    </message>
    <message>
        <source>Half-life</source>
        <translation>半衰期</translation>
    </message>
    <message>
        <source>memory, as it is read</source>
        <translation>记忆（按读出）</translation>
    </message>
    <message>
        <source>Versions 1 to 4 read a weighted mean for each channel, 5 to 7 a matrix for each head; the other fields are shown as they are kept</source>
        <translation>第 1 至 4 版读出各通道的加权平均，第 5 至 7 版读出各头的矩阵；其他字段按存储的样子显示</translation>
    </message>
    <message>
        <source>Layer</source>
        <translation>层</translation>
    </message>
    <message>
        <source>Head</source>
        <translation>头</translation>
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
        <source>Copy as Python</source>
        <translation>复制为 Python</translation>
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
        <source>model: {0} (RWKV {1}, {2}, {3})</source>
        <translation>模型：{0}（RWKV {1}，{2}，{3}）</translation>
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
    <name>PositionBar</name>
    <message>
        <source>Position, in tokens after the prompt</source>
        <translation>位置，提示词之后的 token 数</translation>
    </message>
    <message>
        <source>The same token for all models; a click on a word goes there, too</source>
        <translation>所有模型同一 token 位置；点击某个词也可转到那里</translation>
    </message>
    <message>
        <source>Go to the end and stay there</source>
        <translation>转到末尾并保持</translation>
    </message>
    <message>
        <source>End</source>
        <translation>末尾</translation>
    </message>
    <message>
        <source>token {0} of {1}</source>
        <translation>token {0}/{1}</translation>
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
    <name>Scrubber</name>
    <message>
        <source>Through the text, token by token</source>
        <translation>逐个 token 浏览文本</translation>
    </message>
    <message>
        <source>Token that is looked at</source>
        <translation>正在查看的 token</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>播放</translation>
    </message>
    <message>
        <source>Tokens a second</source>
        <translation>每秒 token 数</translation>
    </message>
    <message>
        <source>Live</source>
        <translation>实时</translation>
    </message>
    <message>
        <source>Tint by surprise</source>
        <translation>按意外度着色</translation>
    </message>
    <message>
        <source>Branches</source>
        <translation>分支</translation>
    </message>
    <message>
        <source>Where in the text</source>
        <translation>文本位置</translation>
    </message>
    <message>
        <source>Colours of surprise, in nats</source>
        <translation>意外度的颜色，以 nat 计</translation>
    </message>
    <message>
        <source>Go back to any token: all plots show the state there. Arrow keys move by one token, with Shift by ten; Enter shows what else could have come. The bars are the surprise of each token.</source>
        <translation>回到任意 token：所有图表都显示那里的状态。方向键移动一个 token，加 Shift 移动十个；按 Enter 查看还可能出现什么。条形表示各 token 的意外度。</translation>
    </message>
    <message>
        <source>Follow the writing (End)</source>
        <translation>跟随生成 (End)</translation>
    </message>
    <message>
        <source>Tint each word by how little the model expected it (surprise, −ln probability, in nats). Point at a word for the alternatives, click it to look at the state there.</source>
        <translation>按模型对每个词的意外程度着色（意外度，−ln 概率，以 nat 计）。指向某个词可查看其他候选，点击可查看那里的状态。</translation>
    </message>
    <message>
        <source>Fork the text, go back to another version of it, cut it, write it again</source>
        <translation>将文本分叉、回到其他版本、截断或重新生成</translation>
    </message>
    <message>
        <source>{0}/s</source>
        <translation>{0}/s</translation>
    </message>
    <message>
        <source>Branches ({0})</source>
        <translation>分支（{0}）</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>暂停</translation>
    </message>
    <message>
        <source>Go through the text from here, token by token</source>
        <translation>从此处起逐个 token 浏览文本</translation>
    </message>
    <message>
        <source>Tint</source>
        <translation>着色</translation>
    </message>
    <message>
        <source>{0} nats</source>
        <translation>{0} nat</translation>
    </message>
    <message>
        <source>token {0} of {1}</source>
        <translation>token {0}/{1}</translation>
    </message>
    <message>
        <source>{0}: surprise {1}, probability {2}, rank {3}</source>
        <translation>{0}：意外度 {1}，概率 {2}，排名 {3}</translation>
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
    <name>Setup</name>
    <message>
        <source>Shared: temperature {0}, top p {1}</source>
        <translation>共用：温度 {0}，top p {1}</translation>
    </message>
    <message>
        <source>Add at least {0} models</source>
        <translation>请至少添加 {0} 个模型</translation>
    </message>
    <message>
        <source>Let every model go on from the prompt (Ctrl+Enter)</source>
        <translation>让所有模型从提示词续写 (Ctrl+Enter)</translation>
    </message>
    <message>
        <source>Prompt for all models</source>
        <translation>所有模型的提示词</translation>
    </message>
    <message>
        <source>The text that every model goes on from</source>
        <translation>所有模型据以续写的文本</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>运行</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>Run all models</source>
        <translation>运行所有模型</translation>
    </message>
    <message>
        <source>Stop all models</source>
        <translation>停止所有模型</translation>
    </message>
    <message>
        <source>Seed, the same for every model</source>
        <translation>种子，所有模型相同</translation>
    </message>
    <message>
        <source>Tokens that each model may write</source>
        <translation>每个模型可生成的 token 数</translation>
    </message>
    <message>
        <source>Order of writing</source>
        <translation>生成顺序</translation>
    </message>
    <message>
        <source>Together</source>
        <translation>轮流</translation>
    </message>
    <message>
        <source>One after the other</source>
        <translation>依次</translation>
    </message>
    <message>
        <source>Together: each model writes one token in turn, so that none gets ahead; the speeds are those of each alone. One after the other: the first model writes all of its text, then the second begins.</source>
        <translation>轮流：各模型轮流生成一个 token，互不领先；速度为各自单独的速度。依次：第一个模型生成全部文本后，第二个才开始。</translation>
    </message>
    <message>
        <source>Sampling</source>
        <translation>采样</translation>
    </message>
    <message>
        <source>Shared</source>
        <translation>共用</translation>
    </message>
    <message>
        <source>Each model&apos;s own preset</source>
        <translation>各模型自己的预设</translation>
    </message>
    <message>
        <source>Change …</source>
        <translation>更改…</translation>
    </message>
    <message>
        <source>Change the shared sampling settings</source>
        <translation>更改共用的采样设置</translation>
    </message>
    <message>
        <source>Unload</source>
        <translation>卸载</translation>
    </message>
    <message>
        <source>Unload the models</source>
        <translation>卸载模型</translation>
    </message>
    <message>
        <source>Free the memory that the models take; what they wrote stays</source>
        <translation>释放模型占用的内存；已生成的文本保留</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>种子</translation>
    </message>
    <message>
        <source>Tokens</source>
        <translation>token 数</translation>
    </message>
</context>
<context>
    <name>SmallPlot</name>
    <message>
        <source>Plot of a model</source>
        <translation>模型的图表</translation>
    </message>
    <message>
        <source>Plot of {0}</source>
        <translation>{0} 的图表</translation>
    </message>
    <message>
        <source>Drawn when this model has written.</source>
        <translation>此模型生成后绘制。</translation>
    </message>
    <message>
        <source>tokens written</source>
        <translation>已生成 token 数</translation>
    </message>
    <message>
        <source>nats</source>
        <translation>nat</translation>
    </message>
    <message>
        <source>This version has no such field.</source>
        <translation>此版本没有这个字段。</translation>
    </message>
    <message>
        <source>Layer {0} of this model has no memory.</source>
        <translation>此模型的第 {0} 层没有记忆。</translation>
    </message>
    <message>
        <source>value</source>
        <translation>值</translation>
    </message>
    <message>
        <source>Layer {0} has no memory that decays.</source>
        <translation>第 {0} 层没有会衰减的记忆。</translation>
    </message>
    <message>
        <source>tokens later</source>
        <translation>之后的 token 数</translation>
    </message>
    <message>
        <source>weight, largest 1</source>
        <translation>权重，最大为 1</translation>
    </message>
    <message>
        <source>fraction left</source>
        <translation>剩余比例</translation>
    </message>
    <message>
        <source>No half-life: each earlier token counts by a learned weight for its distance.</source>
        <translation>没有半衰期：先前的每个 token 按其距离上学到的权重起作用。</translation>
    </message>
    <message>
        <source>{0} (%)</source>
        <translation>{0}（%）</translation>
    </message>
    <message>
        <source>tokens</source>
        <translation>token</translation>
    </message>
    <message>
        <source>mean {0} nats a token</source>
        <translation>平均 {0} nat/token</translation>
    </message>
    <message>
        <source>{0}: magnitude</source>
        <translation>{0}：绝对值</translation>
    </message>
    <message>
        <source>layer {0}, head {1}</source>
        <translation>第 {0} 层，头 {1}</translation>
    </message>
    <message>
        <source>layer {0}; dashed: the others</source>
        <translation>第 {0} 层；虚线：其他层</translation>
    </message>
    <message>
        <source>layer {0}; dashed: all layers</source>
        <translation>第 {0} 层；虚线：所有层</translation>
    </message>
    <message>
        <source>token {0}: {1} nats</source>
        <translation>第 {0} 个 token：{1} nat</translation>
    </message>
    <message>
        <source>{0} % outlive {1}</source>
        <translation>{0}% 长于 {1}</translation>
    </message>
    <message>
        <source>after {0} tokens: median {1}</source>
        <translation>{0} 个 token 后：中位数 {1}</translation>
    </message>
    <message>
        <source>layer {0}, {1} {2}: {3}</source>
        <translation>第 {0} 层，{1} {2}：{3}</translation>
    </message>
</context>
<context>
    <name>SnapshotChoice</name>
    <message>
        <source>present state</source>
        <translation>当前状态</translation>
    </message>
</context>
<context>
    <name>Snapshots</name>
    <message>
        <source>Snapshots</source>
        <translation>快照</translation>
    </message>
    <message>
        <source>Snapshots of the state</source>
        <translation>状态快照</translation>
    </message>
    <message>
        <source>Snapshot</source>
        <translation>快照</translation>
    </message>
    <message>
        <source>After</source>
        <translation>末词</translation>
    </message>
    <message>
        <source>Tokens</source>
        <translation>token 数</translation>
    </message>
    <message>
        <source>Take a snapshot of the present state</source>
        <translation>为当前状态拍快照</translation>
    </message>
    <message>
        <source>Load a saved state</source>
        <translation>载入已保存的状态</translation>
    </message>
    <message>
        <source>Save the selected state</source>
        <translation>保存所选状态</translation>
    </message>
    <message>
        <source>Rename the snapshot</source>
        <translation>重命名快照</translation>
    </message>
    <message>
        <source>Delete the snapshot</source>
        <translation>删除快照</translation>
    </message>
    <message>
        <source>present state, edited</source>
        <translation>当前状态（已编辑）</translation>
    </message>
    <message>
        <source>present state</source>
        <translation>当前状态</translation>
    </message>
    <message>
        <source>Save the state</source>
        <translation>保存状态</translation>
    </message>
    <message>
        <source>Saved state (*.safetensors)</source>
        <translation>已保存的状态 (*.safetensors)</translation>
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
    <name>SurpriseLegend</name>
    <message>
        <source>surprise (nats)</source>
        <translation>意外度（nat）</translation>
    </message>
    <message>
        <source>Surprise: minus the logarithm of a token&apos;s probability, 0 to 8 nats and more</source>
        <translation>意外度：token 概率对数的负值，0 到 8 nat 及以上</translation>
    </message>
    <message>
        <source>How unexpected each token was to the model itself: 0 it was sure; 2.3 one in ten; 6.9 one in 1,000</source>
        <translation>每个 token 对模型自身而言有多意外：0 表示确信；2.3 表示十分之一；6.9 表示千分之一</translation>
    </message>
</context>
<context>
    <name>SweepPlot</name>
    <message>
        <source>What the map shows</source>
        <translation>图的显示内容</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>{0}: how far it is</source>
        <translation>{0}：进度</translation>
    </message>
    <message>
        <source>Press “{0}”, and this is drawn.</source>
        <translation>点击“{0}”，结果会画在这里。</translation>
    </message>
    <message>
        <source>{0}: not known</source>
        <translation>{0}：未知</translation>
    </message>
    <message>
        <source>{0}: {1} {2}</source>
        <translation>{0}：{1} {2}</translation>
    </message>
</context>
<context>
    <name>TextChoice</name>
    <message>
        <source>Text to measure on</source>
        <translation>用于测量的文本</translation>
    </message>
    <message>
        <source>Paste a text here, or open one</source>
        <translation>在此粘贴文本，或打开文件</translation>
    </message>
    <message>
        <source>Built-in tales</source>
        <translation>内置故事</translation>
    </message>
    <message>
        <source>Tales that the demo models have not seen in training</source>
        <translation>演示模型训练时未见过的故事</translation>
    </message>
    <message>
        <source>Open …</source>
        <translation>打开…</translation>
    </message>
    <message>
        <source>Open a text file</source>
        <translation>打开文本文件</translation>
    </message>
    <message>
        <source>{0} is longer than {1} bytes. Choose a shorter text, or use the command line.</source>
        <translation>{0} 超过 {1} 字节。请选择较短的文本，或使用命令行。</translation>
    </message>
    <message>
        <source>{0} cannot be read: {1}.</source>
        <translation>无法读取 {0}：{1}。</translation>
    </message>
    <message>
        <source>{0} is not a text in UTF-8.</source>
        <translation>{0} 不是 UTF-8 文本。</translation>
    </message>
    <message>
        <source>Texts (*.txt *.md)</source>
        <translation>文本 (*.txt *.md)</translation>
    </message>
    <message>
        <source>All files (*)</source>
        <translation>所有文件 (*)</translation>
    </message>
    <message>
        <source>{0} bytes</source>
        <translation>{0} 字节</translation>
    </message>
    <message>
        <source>{0}: {1}</source>
        <translation>{0}：{1}</translation>
    </message>
</context>
<context>
    <name>TimelinePart</name>
    <message>
        <source>Delete a branch</source>
        <translation>删除分支</translation>
    </message>
    <message>
        <source>Other branches began in this one. They stay, with all of their text.</source>
        <translation>有其他分支从此分支分出。它们及其全部文本会保留。</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>删除</translation>
    </message>
</context>
<context>
    <name>TintLegend</name>
    <message>
        <source>Surprise (nats)</source>
        <translation>意外度（nat）</translation>
    </message>
</context>
<context>
    <name>TokenCard</name>
    <message>
        <source>A token and its alternatives</source>
        <translation>token 及其候选</translation>
    </message>
    <message>
        <source>Token</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>What the model thought of it</source>
        <translation>模型对它的看法</translation>
    </message>
    <message>
        <source>Continue with another one, as a new branch:</source>
        <translation>改用其他 token 继续，成为新分支：</translation>
    </message>
    <message>
        <source>The first token: nothing came before it.</source>
        <translation>第一个 token：之前没有内容。</translation>
    </message>
    <message>
        <source>It is being measured: the model reads these words once more.</source>
        <translation>正在测量：模型重新读取这些词。</translation>
    </message>
    <message>
        <source>token {0} · number {1} in the vocabulary</source>
        <translation>第 {0} 个 token · 词表编号 {1}</translation>
    </message>
    <message>
        <source>probability {0} · rank {1}</source>
        <translation>概率 {0} · 排名 {1}</translation>
    </message>
    <message>
        <source>surprise {0} · entropy {1}</source>
        <translation>意外度 {0} · 熵 {1}</translation>
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
    <name>Tour</name>
    <message>
        <source>Working …</source>
        <translation>处理中…</translation>
    </message>
    <message>
        <source>A model goes on with a tale</source>
        <translation>模型续写故事</translation>
    </message>
    <message>
        <source>This is a small RWKV-6 model that has read fairy tales. It reads your text word by word and then writes the next words. Press Write, or let me do it.</source>
        <translation>这是一个读过童话的 RWKV-6 小模型。它逐词读取你的文本，然后写出后面的词。请点击“生成”，或点击“帮我完成”。</translation>
    </message>
    <message>
        <source>All that it knows is in its state</source>
        <translation>它所知的一切都在状态里</translation>
    </message>
    <message>
        <source>The model does not look back at the text. All it knows of it are these numbers, and each word changes them. Drag the slider under the text, or press Play, and watch the state map at every word.</source>
        <translation>模型不会回头看文本。它对文本的全部了解就是这些数值，每个词都会改变它们。拖动文本下方的滑块，或点击“播放”，观察每个词处的状态图。</translation>
    </message>
    <message>
        <source>Some layers forget soon, others late</source>
        <translation>有的层忘得快，有的层忘得慢</translation>
    </message>
    <message>
        <source>Who remembers a name?</source>
        <translation>谁记得名字？</translation>
    </message>
    <message>
        <source>Take that memory away</source>
        <translation>移除那段记忆</translation>
    </message>
    <message>
        <source>This step needs the RWKV-6 demo model of the first step.</source>
        <translation>此步骤需要第一步中的 RWKV-6 演示模型。</translation>
    </message>
    <message>
        <source>This step needs a text: let the model write first.</source>
        <translation>此步骤需要文本：请先让模型生成。</translation>
    </message>
    <message>
        <source>This step needs the tale of the step before.</source>
        <translation>此步骤需要上一步的故事。</translation>
    </message>
    <message>
        <source>tour</source>
        <translation>导览</translation>
    </message>
    <message>
        <source>Each layer forgets at its own pace. Let the model write, and the plot shows it.</source>
        <translation>每一层遗忘的快慢各不相同。让模型生成，图表就会显示出来。</translation>
    </message>
    <message>
        <source>At this word, half of what layer {0} stored is gone after {1} tokens; layer {2} keeps it for {3} tokens (the middle channel of each). The longest memory is at the left of each row.</source>
        <translation>在这个词处，第 {0} 层存入的内容经过 {1} 个 token 就只剩一半，第 {2} 层则能保持 {3} 个 token（均取居中的通道）。每行最左边是最长的记忆。</translation>
    </message>
    <message>
        <source>A tale mentions {0} and, about 200 words later, calls him again. The lab reads it once with {0} and once with {1}, and exchanges one layer&apos;s memory at a time: whose memory makes the model say {0}? (A text of your own is not lost: it stays as a branch.)</source>
        <translation>一个故事提到了 {0}，大约 200 个词之后又提到他。实验室分别用 {0} 和 {1} 读一遍，每次交换一层的记忆：是哪一层的记忆让模型说出 {0}？（你自己的文本不会丢失：它会保留为一个分支。）</translation>
    </message>
    <message>
        <source>Layer {0} remembers the name: with its memory from the other tale, “{1}” becomes {2} times less likely. All the other layers hardly matter.</source>
        <translation>记住名字的是第 {0} 层：换成它在另一个故事中的记忆后，“{1}”的概率降为原来的 1/{2}。其他各层几乎没有影响。</translation>
    </message>
    <message>
        <source>In the lab that one memory can be emptied, and you see at once what the model would say next. Undo brings it back; or press Write, and the tale goes on without it.</source>
        <translation>在实验室里可以只清空这一层的记忆，并立即看到模型接下来会说什么。点击“撤销”可恢复；也可点击“生成”，让故事在没有这段记忆的情况下继续。</translation>
    </message>
    <message>
        <source>Emptied: “{0}” went from {1} to {2}. Press Write to see the tale go on without that memory, or Undo to bring it back.</source>
        <translation>已清空：“{0}”的概率从 {1} 变为 {2}。点击“生成”，看故事在没有这段记忆时如何继续；或点击“撤销”恢复。</translation>
    </message>
</context>
<context>
    <name>TourCard</name>
    <message>
        <source>Guided tour</source>
        <translation>导览</translation>
    </message>
    <message>
        <source>Do it for me</source>
        <translation>帮我完成</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>上一步</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>下一步</translation>
    </message>
    <message>
        <source>End</source>
        <translation>结束</translation>
    </message>
    <message>
        <source>Drag to move</source>
        <translation>拖动以移动</translation>
    </message>
    <message>
        <source>Tour: {0}</source>
        <translation>导览：{0}</translation>
    </message>
    <message>
        <source>Step {0} of {1}</source>
        <translation>第 {0}/{1} 步</translation>
    </message>
    <message>
        <source>Finish</source>
        <translation>完成</translation>
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
    <message>
        <source>Edit this message</source>
        <translation>编辑此消息</translation>
    </message>
    <message>
        <source>Write this answer again</source>
        <translation>重新生成此回答</translation>
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
    <message>
        <source>Or take the guided tour: five short steps</source>
        <translation>或者跟随导览：五个简短步骤</translation>
    </message>
</context>
<context>
    <name>WritingTab</name>
    <message>
        <source>Write</source>
        <translation>生成</translation>
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
